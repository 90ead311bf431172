"""What an owner measures: how well questions find their passages."""
