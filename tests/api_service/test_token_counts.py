from api_service.token_counts import count_tokens, cut_to_tokens


def test_tokens_are_counted_as_openai_counts_them() -> None:
    assert count_tokens("") == 0
    assert count_tokens("hello world") == 2
    assert count_tokens("<|endoftext|>") > 1


def test_a_text_is_cut_to_its_first_tokens() -> None:
    assert cut_to_tokens("hello world", 100) == "hello world"
    assert cut_to_tokens("hello world again", 2) == "hello world"
