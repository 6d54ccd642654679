"""The texts of this folder are whole, and what can't be read is refused by name."""
import unittest

from files import (CONTRAST_LINES, HELD_OUT_EVERY, HERE, SHARED, of_entry, own_texts, parse_texts, read_lines, runs, unmeasured,
                   words)
from overlap import longest, places

CONTRAST = "# d | n | a | b\n" + "".join(f"{key} {key.lower()} {i}\n" for key in CONTRAST_LINES for i in range(2))
SHELF = "# t\nP one\nP two\nQ 1 which\nQ 0,1 both\n"


class Texts(unittest.TestCase):
    def test_all_texts(self):
        for path in (HERE / "texts").glob("*.txt"):
            with self.subTest(path.name):
                entries = parse_texts(path.read_text(encoding="utf-8"))
                self.assertGreaterEqual(len(entries), 40)
                for e in entries:
                    contrast = "attr" in e
                    self.assertEqual(contrast, path.name.startswith("neg_"))
                    passages = [p for key in ("d_pos", "d_neg", "d_other") for p in e[key]] if contrast else e["passages"]
                    self.assertEqual(len(passages), len(set(passages)))
                    for passage in passages:
                        self.assertTrue(12 <= len(passage.split()) <= 80, passage)

    def test_entries(self):
        contrast, shelf = parse_texts(CONTRAST + "\n" + SHELF)
        self.assertEqual((contrast["noun"], contrast["attr"]), ("n", "a | b"))
        self.assertEqual(contrast["d_other"], ["do 0", "do 1"])
        self.assertEqual(shelf["passages"], ["one", "two"])
        self.assertEqual(shelf["queries"][1], {"q": "both", "best": 0, "partly": [1]})

    def test_refusals(self):
        for wrong, told in ((CONTRAST.replace("DO do 1\n", ""), "d_other"), (CONTRAST + "X+ y\n", "X+ y"), (SHELF + "Q 2 none\n", "Q 2 none"), (SHELF + "R 1 x\n", "R 1 x")):
            with self.assertRaisesRegex(ValueError, told.replace("+", r"\+")):
                parse_texts(wrong)

    def test_split(self):
        trained, held_out = own_texts("no data folder", "neg_*")
        first = parse_texts(sorted((HERE / "texts").glob("neg_*.txt"))[0].read_text(encoding="utf-8"))
        self.assertEqual(held_out[:2], [first[0], first[HELD_OUT_EVERY]])
        self.assertFalse([e for e in held_out if e in trained])


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
        contrast, shelf = parse_texts(CONTRAST + "\n" + SHELF)
        self.assertEqual(len(of_entry(contrast)), 10)
        self.assertEqual(of_entry(shelf), ["which", "both", "one", "two"])


if __name__ == "__main__":
    unittest.main()
