"""Who the service takes the caller for."""
