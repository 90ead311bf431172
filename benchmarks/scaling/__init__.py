"""How the index grows: memory, disk, time to write and time to search, by the number of chunks."""
