"""A question set of three documents."""

from pathlib import Path

CORPUS = (
    '{"_id": "d1", "title": "Lidar", "text": "A lidar measures distance by light."}\n'
    '{"_id": "d2", "title": "Gaits", "text": "The order in which legs touch the ground."}\n'
    '{"_id": "d3", "text": "A camera sees colours."}\n'
)
QUERIES = (
    '{"_id": "q1", "text": "How far away is it?", "metadata": {"history": []}}\n'
    '{"_id": "q2", "text": "legs on the ground"}\n'
    '{"_id": "q3", "text": "unanswerable"}\n'
)
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td3\t0\nq2\td2\t1\n"


def write_set(
    folder: Path, corpus: str = CORPUS, queries: str = QUERIES, qrels: str = QRELS
) -> Path:
    (folder / "corpus.jsonl").write_text(corpus, encoding="utf-8")
    (folder / "queries.jsonl").write_text(queries, encoding="utf-8")
    (folder / "qrels.tsv").write_text(qrels, encoding="utf-8")
    return folder
