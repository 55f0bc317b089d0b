"""What structures are called: TG-263 names, the spellings of clinics, and a user's own table of them."""

from ContourQALib.vocabulary.default import DEFAULT, standard_name
from ContourQALib.vocabulary.name_table import read_name_table
from ContourQALib.vocabulary.vocabulary import Vocabulary

__all__ = ["DEFAULT", "Vocabulary", "read_name_table", "standard_name"]
