"""The texts of this folder are whole, and what can't be read is refused by name."""
import unittest

from files import (CONTRAST_LINES, HELD_OUT_EVERY, HERE, SHARED, is_contrast, is_plain, of_entry, own_files, own_texts, parse_sheets, read_lines,
                   runs, unmeasured, words)
from overlap import longest, places
from pools import BESIDE, RIGHT, WRONG, of_entries

CONTRAST = "# d | n | a | b\n" + "".join(f"{key} {key.lower()} {i}\n" for key in CONTRAST_LINES for i in range(2))
CLASS = "# d | n\n" + "".join(f"P {letter}\n" for letter in "abcdef") + "Q 5,0 what is f\n= has legs | 3 1 | 0 2\n+ with\n+ on\n- without\n- none\n"
SHELF = "# t\nP one\nP two\nQ 1 which\nQ 0,1 both\n"
SHORT = ("plain", "implied", "order", "role", "number", "only")
"""Kinds of contrasts whose passages are a sentence or two."""


def entries_of(text):
    return [entry for sheet in parse_sheets(text) for entry in sheet]


class Texts(unittest.TestCase):
    def test_all_texts(self):
        for path in (HERE / "texts").glob("*.txt"):
            with self.subTest(path.name):
                entries = entries_of(path.read_text(encoding="utf-8"))
                self.assertGreaterEqual(len(entries), 40)
                for e in entries:
                    contrast, kind = is_contrast(e), path.name.split("_")[0]
                    self.assertIn(kind, ("neg", *SHORT, "class") if contrast else ("topic", "class"))
                    self.assertTrue(kind not in SHORT or is_plain(e), e)
                    passages = [p for key in ("d_pos", "d_neg", "d_other") for p in e[key]] if contrast else e["passages"]
                    self.assertEqual(len(passages), len(set(passages)))
                    for passage in passages:
                        self.assertTrue((9 if kind in SHORT else 12) <= len(passage.split()) <= 80, passage)

    def test_entries(self):
        contrast, shelf = entries_of(CONTRAST + "\n" + SHELF)
        self.assertEqual((contrast["noun"], contrast["attr"]), ("n", "a | b"))
        self.assertEqual(contrast["d_other"], ["do 0", "do 1"])
        self.assertEqual(shelf["passages"], ["one", "two"])
        self.assertEqual(shelf["queries"][1], {"q": "both", "best": 0, "partly": [1]})

    def test_a_class_of_things(self):
        shelf, contrast = entries_of(CLASS)
        self.assertEqual(shelf, {"topic": "d: n", "passages": list("abcdef"), "queries": [{"q": "what is f", "best": 5, "partly": [0]}]})
        self.assertEqual([contrast[key] for key in ("noun", "attr", "q_pos", "q_neg")], ["n", "has legs", ["with", "on"], ["without", "none"]])
        self.assertEqual([contrast[key] for key in ("d_pos", "d_neg", "d_other")], [["d", "b"], ["a", "c"], ["e", "f"]])

    def test_refusals(self):
        for wrong, told in ((CONTRAST.replace("DO do 1\n", ""), "d_other"), (CONTRAST + "X+ y\n", "X+ y"), (SHELF + "Q 2 none\n", "Q 2 none"), (SHELF + "R 1 x\n", "R 1 x"),
                            (CLASS + "R x\n", "R x"), (CLASS.replace("3 1 |", "3 2 |"), "named twice"), (CLASS.replace("0 2", "0 6"), "there is none"),
                            (CLASS.replace("- none\n", ""), "q_neg")):
            with self.assertRaisesRegex(ValueError, told.replace("+", r"\+")):
                entries_of(wrong)

    def test_split(self):
        split, sheets = own_texts("no data folder"), own_files("no data folder")
        self.assertEqual(split.keys(), {path.stem for path in (HERE / "texts").glob("*.txt")})
        for name, (trained, held_out) in split.items():
            with self.subTest(name):
                never = [entry for sheet in sheets[name][::HELD_OUT_EVERY] for entry in sheet]
                self.assertTrue(held_out and all(entry in never for entry in held_out))
                self.assertFalse([entry for entry in never if entry in trained])

    def test_pools(self):
        shelf, contrast = entries_of(CLASS)
        asked = of_entries([contrast, shelf], queries=1)
        self.assertEqual((asked.queries, asked.passages), (["with", "without", "what is f"], list("dbacef")))
        self.assertEqual(asked.known[0], {0: RIGHT, 1: RIGHT, 2: WRONG, 3: WRONG, 4: BESIDE, 5: BESIDE})
        self.assertEqual(asked.known[1], {0: WRONG, 1: WRONG, 2: RIGHT, 3: RIGHT, 4: BESIDE, 5: BESIDE})
        self.assertEqual(asked.known[2], {0: WRONG, 1: WRONG, 2: BESIDE, 3: WRONG, 4: WRONG, 5: RIGHT})


class Overlap(unittest.TestCase):
    def test_longest(self):
        one, other = words("The Lake of the woods, it is deep."), words("the lake of; the lake of the woods, it was")
        self.assertEqual((longest(one, other, 3), longest(one, other, 7)), (6, 0))
        self.assertEqual(places([one, other], 3)[("the", "lake", "of")], {0, 1})

    def test_what_is_measured_with_is_left_out(self):
        passage = next(iter(read_lines(HERE.parent / "corpus" / "passages.jsonl")))["text"]
        some = " ".join(words(passage)[3:3 + SHARED])
        self.assertFalse(unmeasured("no data folder", "another text", f"In other words: {some.upper()}!"))
        self.assertTrue(unmeasured("no data folder", " ".join(words(passage)[3:2 + SHARED])))
        self.assertEqual(len(runs(passage)), len(words(passage)) - SHARED + 1)

    def test_all_texts_of_an_entry(self):
        contrast, shelf = entries_of(CONTRAST + "\n" + SHELF)
        self.assertEqual(len(of_entry(contrast)), 10)
        self.assertEqual(of_entry(shelf), ["which", "both", "one", "two"])


if __name__ == "__main__":
    unittest.main()
