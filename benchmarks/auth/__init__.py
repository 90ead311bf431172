"""auth-service beside Better Auth on Node.js, on one PostgreSQL server: `make bench-auth`."""
