"""From a folder of pages to the index: loaders, chunking, the pipeline, and the command."""
