"""The circumstances of an event survive being packed into one number."""

from hypothesis import given
from hypothesis import strategies as st

from persona_django.tracking.context import Context, Device, Entry, Sender

CONTEXTS = st.builds(
    Context,
    sender=st.sampled_from(Sender),
    device=st.sampled_from(Device),
    entry=st.sampled_from(Entry),
    hour=st.integers(0, 23) | st.just(31),
    weekday=st.integers(0, 7),
    clamped=st.booleans(),
)


@given(context=CONTEXTS)
def test_what_was_packed_is_unpacked_again(context: Context):
    assert Context.unpacked(context.packed()) == context


@given(one=CONTEXTS, other=CONTEXTS)
def test_two_circumstances_never_share_a_number_and_fit_into_the_column(
    one: Context, other: Context
):
    assert (one.packed() == other.packed()) == (one == other)
    assert 0 <= one.packed() < 2**31


def test_an_event_without_circumstances_is_the_script_of_an_unknown_device():
    assert Context.unpacked(0).sender is Sender.SCRIPT
    assert Context.unpacked(0).device is Device.UNKNOWN
