"""Which form of the index the settings name."""

from pathlib import Path

from api_service.settings import BookSettings
from api_service.vector_index import LiveIndex


def index_folder(settings: BookSettings) -> Path:
    """Return where the embedded form keeps its files."""
    return settings.data_dir / "index"


async def open_index(settings: BookSettings, *, to_read: bool = False) -> LiveIndex:
    """Return the index the settings name; a server is first asked when a method is called.

    Args:
        settings: Say where it is.
        to_read: Whether it is only searched, for which a server may have a key of its own.

    Raises:
        IndexInUse: The embedded form, and another process has it open.
        IndexRefused: The embedded form, and its folder cannot be read or written.
    """
    # Imported only where it is used: the server's client alone takes a second.
    if settings.qdrant_url:
        from api_service.vector_index.server import ServerIndex
        from api_service.vector_index.server_options import options

        reading = settings.qdrant_read_only_api_key if to_read else None
        key = reading or settings.qdrant_api_key
        return ServerIndex(settings.qdrant_url, key, settings.book, options(settings))
    from api_service.vector_index.embedded import EmbeddedIndex

    return await EmbeddedIndex.open(index_folder(settings), settings.book)
