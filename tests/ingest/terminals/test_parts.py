import random

from taxi_qa.ingest.terminals.frame import Frame
from taxi_qa.ingest.terminals.parts import Parts


def part(index: int, total: int = 3, serial: int = 100, body: bytes = b"") -> Frame:
    return Frame(
        "jt808", 0x0801, "013812345678", serial + index - 1, body or bytes((index,)) * 2, total, index
    )


def test_parts_in_any_order_make_one_message_with_the_serial_of_the_first() -> None:
    for seed in range(6):
        frames = [part(index) for index in (1, 2, 3)]
        random.Random(seed).shuffle(frames)  # noqa: S311 - no secret
        parts = Parts()
        *early, last = [parts.put(frame) for frame in frames]
        assert early == [None, None]
        assert last is not None
        assert (last.body, last.serial, last.total) == (b"\x01\x01\x02\x02\x03\x03", 100, 1)


def test_a_part_sent_again_is_once() -> None:
    parts = Parts()
    assert [parts.put(part(index)) for index in (1, 1, 2)] == [None, None, None]
    assert parts.missing(part(1)) == [3]
    whole = parts.put(part(3))
    assert whole is not None
    assert whole.body == b"\x01\x01\x02\x02\x03\x03"


def test_serials_that_pass_their_end_still_belong_together() -> None:
    parts = Parts()
    for index, serial in ((1, 0xFFFF), (2, 0)):
        whole = parts.put(Frame("jt808", 0x0801, "013812345678", serial, b"x", 2, index))
    assert whole is not None
    assert whole.serial == 0xFFFF


def test_messages_that_never_end_are_given_up_the_oldest_first() -> None:
    parts = Parts(most_open=2)
    for serial in (100, 200, 300):
        assert parts.put(part(1, serial=serial)) is None
    assert parts.given_up == 1
    assert parts.missing(part(2, serial=100)) == []
    assert parts.missing(part(2, serial=300)) == [2, 3]


def test_a_part_beyond_its_own_total_is_refused() -> None:
    parts = Parts()
    assert parts.put(part(4)) is None
    assert parts.given_up == 1


def test_a_part_of_yesterday_is_no_part_of_a_new_message_with_its_number() -> None:
    parts = Parts()
    assert parts.put(part(3, body=b"old"), 0) is None
    later = 24 * 3_600_000
    assert [parts.put(part(index), later) for index in (1, 2)] == [None, None]
    assert parts.given_up == 1
    whole = parts.put(part(3), later)
    assert whole is not None
    assert whole.body == b"\x01\x01\x02\x02\x03\x03"


def test_another_total_is_another_message() -> None:
    parts = Parts()
    assert parts.put(part(3, total=4)) is None
    assert [parts.put(part(index, total=3)) for index in (1, 2)] == [None, None]
    assert parts.given_up == 1
