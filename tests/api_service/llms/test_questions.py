import pytest

from api_service.llms.questions import defines, read, terms_of


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What is a gait?", "gait"),
        ("what's SLAM", "SLAM"),
        ("What are vision-language-action models?", "vision language action models"),
        ("What does IMU stand for?", "IMU"),
        ("What does odometry mean?", "odometry"),
        ("Define inverse kinematics.", "inverse kinematics"),
        ("Explain the zero moment point", "zero moment point"),
        ("  What\nis  a   gait ?!\n", "gait"),
    ],
)
def test_a_question_for_a_thing_names_the_thing(question: str, subject: str) -> None:
    asked = read(question)

    assert asked.kind == "what"
    assert asked.subject == terms_of(subject)


@pytest.mark.parametrize(
    "question",
    [
        "How do I calibrate the arm?",
        "how to record a dataset",
        "How can robots be stopped?",
        "Which steps to follow? The steps to install it",
    ],
)
def test_a_question_for_a_way_is_told_apart(question: str) -> None:
    assert read(question).kind == "how"


@pytest.mark.parametrize(
    "question",
    [
        "Why do robots fall?",
        "How does a robot keep its balance?",
        "What is the difference between a lidar and a radar?",
        "What is the best way to teach a walking robot to climb stairs in rain?",
        "gaits",
    ],
)
def test_any_other_question_has_no_subject(question: str) -> None:
    asked = read(question)

    assert (asked.kind, asked.subject) == ("other", frozenset())


@pytest.mark.timeout(20)  # where it takes a step for each two of them, it takes minutes
@pytest.mark.parametrize("run", ["!", " ", "! ", "what is ", "mean "])
def test_a_question_made_of_signs_is_read_in_one_go(run: str) -> None:
    assert read(f"what is x {run * 100_000} b").terms == terms_of("x b")


def test_words_about_asking_are_not_asked_about() -> None:
    assert read("Please explain to me how the book describes gaits").terms == terms_of("gaits")


def test_a_question_of_stop_words_asks_about_nothing() -> None:
    assert read("What is it?").terms == frozenset()


def test_a_definition_is_worth_more_the_less_its_subject_is_qualified() -> None:
    gait = terms_of("gait")
    plain = defines(gait, "A gait is the order in which the legs touch the ground.")
    qualified = defines(gait, "The gait of a trotting horse robot is fast.")
    instance = defines(gait, "Trotting is a gait of two beats.")

    assert plain == 1.0
    assert 0 < qualified < instance < plain
    assert defines(gait, "A gait is not a walk.") == 0.0
    assert defines(gait, "Gaits differ.") == 0.0
    assert defines(gait, "A leg is a chain of links.") == 0.0
