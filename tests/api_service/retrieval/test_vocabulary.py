import pytest

from api_service.retrieval.vocabulary import Vocabulary, VocabularyBuilder

BOOK = (
    "The controller of the quadruped sets ROS_DOMAIN_ID and calls torch.compile. "
    "A gripper grips; calibration comes first. Calibrate the camera, then the cameras. Roboter. "
    "Motor motor motor motion. Accelerometers."
)


def vocabulary(*texts: str) -> Vocabulary:
    builder = VocabularyBuilder("english")
    builder.read(texts or (BOOK,))
    return builder.built()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("how do acelerometers work", "how do accelerometers work"),  # one too few
        ("kameera or camerra", "kameera or camera"),  # one too many
        ("calibratoin", "calibration"),  # two in the wrong order
        ("grippor", "gripper"),  # another one
        ("callibratoin", "calibration"),  # two slips in a long word
        ("ROS_DOMIAN_ID", "ROS_domain_ID"),
        ("torch.complie", "torch.compile"),
    ],
)
def test_a_word_the_book_does_not_have_is_put_as_the_book_writes_it(
    written: str, meant: str
) -> None:
    assert vocabulary().corrected(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "The controllers calibrated it",  # other forms of its words
        "helicopter",  # nothing is near
        "gropqer",  # two slips in a short word
        "kalibration",  # another first letter
        "teh cat",  # too short to tell
        "m0tor robot2",  # not written with letters alone
        "what would they have been",  # stop words
        "",
    ],
)
def test_any_other_word_stays(text: str) -> None:
    assert vocabulary().corrected(text) == text


def test_of_words_equally_near_the_more_frequent_is_meant() -> None:
    assert vocabulary("mole mode mode mode").corrected("moze") == "mode"
    assert vocabulary("mole mole mode").corrected("moze") == "mole"


def test_of_two_words_the_nearer_is_meant() -> None:
    assert vocabulary("calibrators " * 9 + "calibrator").corrected("calibratr") == "calibrator"


def test_a_book_without_words_corrects_nothing() -> None:
    assert vocabulary("").corrected("controler") == "controler"
