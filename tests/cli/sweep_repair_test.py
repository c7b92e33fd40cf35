#!/usr/bin/env python3
"""What is lost or damaged of a sweep, finished or not, is noticed and done again; what a merge copies is checked.

Usage: sweep_repair_test.py PATH_TO_BINARY
"""
import json
import shutil

from command import main
from sweep_test import RUNS, StudyTest

PREPARED = ("points.csv", "study.resolved.json", "scenario.resolved.json")


def flip(path):
    """Changes one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def empty(path):
    path.write_bytes(b"")


def lose(path):
    path.unlink()


class RepairTest(StudyTest):
    def setUp(self):
        super().setUp()
        self.whole = self.root / "whole"
        self.sweep("--out", self.whole)
        self.parts = [self.root / f"shard-{i}" for i in range(2)]
        for i, directory in enumerate(self.parts):
            self.shard(i, directory)

    def shard(self, i, directory, **keywords):
        return self.sweep("--shard", f"{i}/2", "--resume", "--out", directory, **keywords)

    def merge(self, *arguments, parts=None):
        return self.run_command("merge", *(parts or self.parts), "--out", self.out, *arguments)

    def assert_merges(self):
        self.assert_status(self.merge(), 0)
        self.same(self.whole, self.out)
        shutil.rmtree(self.out)


class Shards(RepairTest):
    def pieces(self):
        return sorted((self.parts[0] / "pieces").iterdir())

    def test_a_whole_shard_is_left_as_it_is(self):
        before = {path: path.stat().st_mtime_ns for path in self.parts[0].rglob("*")}
        self.assertIn("nothing to do", self.shard(0, self.parts[0]).stdout)
        self.assertEqual({path: path.stat().st_mtime_ns for path in self.parts[0].rglob("*")}, before)

    def test_a_piece_that_is_damaged_or_lost_is_done_again(self):
        self.assertGreater(len(self.pieces()), 3)
        for damage in (cut, flip, empty, lose):
            with self.subTest(damage.__name__):
                first, *others = self.pieces()
                kept = {path.stat().st_ino for path in others}
                damage(first)
                merged = self.merge()
                self.assert_status(merged, 5)
                self.assertIn("sweep --resume", merged.stderr)
                result = self.shard(0, self.parts[0])
                self.assertNotIn("nothing to do", result.stdout)
                self.assertRegex(result.stderr, rf"runs? of {self.parts[0]} (is|are) lost")
                if damage is not lose:
                    self.assertIn(f"{first} is damaged", result.stderr)
                self.assertLessEqual(kept, {path.stat().st_ino for path in self.pieces()}, "done again")
                self.assertEqual({path.name for path in self.parts[0].iterdir()}, {*PREPARED, "sweep.json", "pieces"})
                self.assertFalse((self.root / "shard-0.partial").exists())
                self.assert_merges()

    def test_all_pieces_are_lost(self):
        shutil.rmtree(self.parts[0] / "pieces")
        self.assertIn(f"{RUNS // 2} runs of", self.shard(0, self.parts[0]).stderr)
        self.assert_merges()

    def test_the_other_files_are_written_anew(self):
        for name in (*PREPARED, "sweep.json"):
            for damage in (cut, flip, empty, lose):
                with self.subTest(f"{damage.__name__} {name}"):
                    file = self.parts[0] / name
                    before = file.read_bytes()
                    pieces = {path.stat().st_ino for path in self.pieces()}
                    damage(file)
                    self.assertIn(str(file), self.shard(0, self.parts[0]).stderr)
                    self.assertEqual(file.read_bytes(), before)
                    self.assertEqual({path.stat().st_ino for path in self.pieces()}, pieces)

    def test_the_same_of_work_that_is_not_finished(self):
        partial = self.root / "shard-0.partial"
        for name in (*PREPARED, "sweep.json"):
            for damage in (flip, lose):
                with self.subTest(f"{damage.__name__} {name}"):
                    before = (self.parts[0] / name).read_bytes()
                    self.parts[0].rename(partial)
                    (partial / ".userqsim-partial").touch()
                    damage(partial / name)
                    lose(sorted((partial / "pieces").iterdir())[0])
                    self.assertIn(f"{partial / name} is damaged", self.shard(0, self.parts[0]).stderr)
                    self.assertEqual((self.parts[0] / name).read_bytes(), before)
                    self.assert_merges()

    def test_another_sweeps_shard_is_not_repaired(self):
        lose(self.parts[0] / "sweep.json")
        self.write({**json.loads(self.study.read_text(encoding="utf-8")), "seed": 8})
        self.assert_one_error(self.run_command("sweep", self.study, "--shard", "0/2", "--resume", "--out",
                                               self.parts[0]), "is not empty")

    def test_what_somebody_else_put_there_is_not_thrown_away(self):
        lose(self.pieces()[0])
        (self.parts[0] / "mine.txt").write_text("mine", encoding="utf-8")
        self.assert_one_error(self.run_command("sweep", self.study, "--shard", "0/2", "--resume", "--out",
                                               self.parts[0]), "mine.txt", "move that away")
        self.assertTrue((self.parts[0] / "mine.txt").exists())

    def test_what_is_no_file_is_no_piece(self):
        folder = self.parts[0] / "pieces" / "000000000000-1.piece"
        folder.mkdir()
        self.assert_one_error(self.merge(), f"{folder} is no file")


class Result(RepairTest):
    def test_each_file_that_the_manifest_names(self):
        shutil.copytree(self.whole, self.out)
        names = [file["name"] for file in json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))["files"]]
        for name in (*names, "manifest.json"):
            for damage in (cut, flip, lose):
                with self.subTest(f"{damage.__name__} {name}"):
                    damage(self.out / name)
                    result = self.sweep("--out", self.out, "--resume")
                    self.assertIn(f"{self.out / name} is {'lost' if damage is lose else 'damaged'}", result.stderr)
                    self.same(self.whole, self.out)
                    self.assertIn("nothing to do", self.sweep("--out", self.out, "--resume").stdout)

    def test_a_manifest_with_a_file_less_is_no_manifest(self):
        shutil.copytree(self.whole, self.out)
        manifest = json.loads((self.out / "manifest.json").read_text(encoding="utf-8"))
        manifest["files"] = manifest["files"][1:]
        (self.out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        self.sweep("--out", self.out, "--resume")
        self.same(self.whole, self.out)


class Merge(RepairTest):
    def test_what_is_copied_has_to_be_what_the_sweep_wrote(self):
        for place in self.parts:  # whichever is given first
            for name in (*PREPARED, "sweep.json"):
                with self.subTest(f"{name} of {place.name}"):
                    before = (place / name).read_bytes()
                    flip(place / name)
                    self.assert_one_error(self.merge(), str(place / name))
                    self.assertFalse(self.out.exists())
                    (place / name).write_bytes(before)

    def test_a_changed_record_is_an_error_that_names_it(self):
        for key, value in (("replications", 5), ("shards", 3), ("seed", 8), ("question", "Why?"), ("runs", RUNS - 6)):
            with self.subTest(key):
                file = self.parts[0] / "sweep.json"
                before = file.read_text(encoding="utf-8")
                file.write_text(json.dumps({**json.loads(before), key: value}, indent=2) + "\n", encoding="utf-8")
                self.assert_one_error(self.merge(), str(file), "was changed")
                file.write_text(before, encoding="utf-8")

    def test_of_another_limit_is_a_sentence(self):
        self.sweep("--shard", "1/2", "--out", self.root / "limited", "--max-events", 100, status=5)
        self.assert_one_error(self.merge(parts=[self.parts[0], self.root / "limited"]),
                              f"limited: is of another sweep than {self.parts[0]}: --max-events 100 in place of no "
                              "--max-events")

    def test_a_merge_does_not_replace_what_it_is_made_of(self):
        home = self.root / "home"
        home.mkdir()
        for part in self.parts:
            part.rename(home / part.name)
        parts = [home / part.name for part in self.parts]
        (self.root / "link").symlink_to(home)
        for out in (home, parts[1], self.root / "link", home / ".." / "home"):
            with self.subTest(out):
                self.out = out
                self.assert_one_error(self.merge("--force", parts=parts), "--out", "give another")
                self.assertTrue(all((part / "sweep.json").exists() for part in parts))
        self.out = home / "merged"
        self.assert_status(self.merge(parts=parts), 0)


if __name__ == "__main__":
    main(__doc__)
