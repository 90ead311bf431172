"""The product beside LlamaIndex, LangChain and Haystack, on one machine: `make bench-retrieval`."""
