"""Measurements of the services beside others of their kind; run by make, imported by nobody."""
