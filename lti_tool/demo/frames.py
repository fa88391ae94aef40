"""A switch of the practice LMS: whether the browser gives the tool its cookies inside a frame."""

from dataclasses import dataclass


@dataclass
class Frames:
    """One for the whole demo, as the demo has one visitor."""

    cookies: bool = True
