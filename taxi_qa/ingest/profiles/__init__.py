"""Profiles: foreign files read as records. One YAML file a feed; adding one takes minutes.

A profile names the feed's columns and says how each of ours is made from them:

    name: shenzhen-gps             # as in --profile, and the file's name
    title: one line
    source: where the feed is described
    kind: positions                # which record its rows become
    timezone: Asia/Shanghai        # of times without an offset; left out: the city's
    datum: wgs84                   # of its places; left out: as the call says
    options: {day: "2013-10-22"}   # may be given: --profile shenzhen-gps:day=2026-10-20
    inputs:                        # our word -> the feed's headers, any of them, in any case
      clock: [t, time]
    required: [clock]              # inputs without which a file is not of this feed
    columns:                       # our column -> how it is made; exactly one of copy, adds_up, made
      time: {copy: clock, on_day: day}

    copy: INPUT                    the cell as it stands, and then, if said:
        on_day: OPTION                 a time of day gets the day that the option says
        times: 1.609344                a number, multiplied
        words: {"1": card}             a word replaced; others stay, or become
        otherwise: other               this one
    adds_up:                       a sum of money: the first of `ways` (lists of inputs) that, with the inputs
        {to: , beside: , ways: }       `beside`, makes the input `to`; where none does, the first way.
                                       An input not given counts as nothing.
    made: "NYC-{digest}"           a name made from the whole content of the row

What comes out goes through the same door as any file: limits, units and words are checked there.
"""

from taxi_qa.ingest.profiles.read import Profile, profile_names, profiles_that_fit, read_profile

__all__ = ["Profile", "profile_names", "profiles_that_fit", "read_profile"]
