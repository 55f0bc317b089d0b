"""The vocabulary that the program brings along."""

from __future__ import annotations

from ContourQALib.vocabulary import organs_of_head_neck as head_neck
from ContourQALib.vocabulary import organs_of_pelvis as pelvis
from ContourQALib.vocabulary import organs_of_trunk as trunk
from ContourQALib.vocabulary.vocabulary import Vocabulary

ORGANS = (
    *head_neck.BRAIN,
    *head_neck.SENSES,
    *head_neck.HEAD,
    *head_neck.NECK,
    *trunk.THORAX,
    *trunk.ABDOMEN,
    *pelvis.PELVIS,
    *pelvis.SPINE,
    *pelvis.VERTEBRAE,
    *pelvis.BONES,
    *pelvis.RIBS,
    *pelvis.WHOLE_BODY,
    *pelvis.TARGETS,
)

DEFAULT = Vocabulary.of(ORGANS, (*trunk.OF_ONE_SIDE, *pelvis.OF_ONE_SIDE))


def standard_name(name: str, vocabulary: Vocabulary = DEFAULT) -> str | None:
    """How TG-263 spells a structure's name ("Parotid_L"), None for a name that is not known."""
    return vocabulary.standard_name(name)
