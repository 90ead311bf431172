from api_service.problems import invalid


def test_members_are_named_and_their_values_are_not() -> None:
    problem = invalid(
        [
            {"type": "int_parsing", "loc": ("query", "limit"), "msg": "Not a number"},
            {"type": "value_error", "loc": ("message",), "msg": "Value error, Too odd"},
            {"type": "extra_forbidden", "loc": ("private-words",), "msg": "Extra"},
            {"type": "model_type", "loc": (), "msg": "Not an object"},
        ]
    )

    assert problem.errors == (
        {"member": "limit", "reason": "Not a number"},
        {"member": "message", "reason": "Too odd"},
        {"member": "(unknown)", "reason": "There is no such member."},
        {"member": "(body)", "reason": "Not an object"},
    )


def test_a_body_that_is_no_json_is_another_problem() -> None:
    problem = invalid([{"type": "json_invalid", "loc": (7,), "msg": "private-words"}])

    assert (problem.status, problem.errors) == (400, ())
    assert "private" not in problem.detail
