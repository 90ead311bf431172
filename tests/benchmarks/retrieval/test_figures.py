from benchmarks.retrieval.figures import documents, percentile


def test_a_document_stands_where_its_best_chunk_does() -> None:
    assert documents(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
    assert len(documents([str(n) for n in range(30)])) == 10


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    assert percentile([3, 1, 2, 4], 50) == 2
    assert percentile([3, 1, 2, 4], 95) == 4
    assert percentile([7], 1) == 7
