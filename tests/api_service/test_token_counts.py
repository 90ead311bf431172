from api_service.token_counts import count_tokens, cut_to_tokens


def test_tokens_are_counted_as_openai_counts_them() -> None:
    assert count_tokens("") == 0
    assert count_tokens("hello world") == 2
    assert count_tokens("<|endoftext|>") > 1


def test_a_text_is_cut_to_its_first_tokens() -> None:
    assert cut_to_tokens("hello world", 100) == "hello world"
    assert cut_to_tokens("hello world again", 2) == "hello world"
    assert cut_to_tokens("robot 🤖🤖🤖", 3) == "robot"  # a robot takes more than one token


def test_half_of_a_surrogate_pair_counts_as_a_question_mark() -> None:
    assert count_tokens("a \ud800 b") == count_tokens("a ? b")


def test_a_long_text_is_counted_to_its_end() -> None:
    assert count_tokens("robot " * 400_000) == 400_001
