"""Every dependency, with every fault: what the services then answer, how soon, and what is left.

A dependency stands behind a proxy of ours (proxy), which has one fault after another, while the
service runs as a process of its own, as a user starts it (service_process). matrix asks, and
compares with what is documented (cells); page writes docs/reliability.md of it. `make reliability`
goes through all of it, `make test` through a part of each dependency.

To add a dependency: a module as postgres.py is, and a line in dependencies.py. The module has

- a function that starts the dependency, the proxy in front of it and the service behind that proxy,
  and yields a Site; whatever else a question needs is an attribute of a Site of its own kind;
- a Dependency: prose for the page, and Questions. A question's `ask` returns what was answered as a
  short text, an HTTP reply's by `told`; the texts documented are compared with it, word for word,
  and are what the page shows. What one fault does otherwise than all stands in `but`.
"""
