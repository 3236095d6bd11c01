"""Which two lines of commits become one by themselves (`plan_merge`), and the one they become.

That is made among git's objects alone: no file of the working tree is touched. Records that both sides
changed are merged field by field; every other file by git's own ways.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from shlex import quote
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pipecli.errors import PipecliError
from pipecli.history.commit_as_of import StandingCommit
from pipecli.history.commits import key_of_path, merge_base
from pipecli.history.pipeline_as_of import PastPipeline, text_of_blob
from pipecli.merge_versions.merge_file import ConflictInWords, merge_file
from pipecli.records.kinds import SETTINGS_FILE, kind_of, record_kind
from pipecli.store import git, safe_files
from pipecli.store.file_stamps import stat_of, stat_to_keep
from pipecli.store.git_commit import differing_files, refusal
from pipecli.store.ids_and_files import with_schema_path
from pipecli.store.index import index
from pipecli.store.index.index import Rows
from pipecli.store.index.tables import PER_FILE, SQLValue
from pipecli.store.index.views_and_functions import marks, register_sql_functions
from pipecli.store.location import Location
from pipecli.store.lock_and_signals import MERGING
from pipecli.store.merge_setup import DRIVER
from pipecli.store.pipeline import Pipeline
from pipecli.store.power_cut_and_killed_git import carry_through
from pipecli.store.second_process import parts
from pipecli.sync.upstream_and_readiness import Upstream, head, was_pruned
from pipecli.wording import count

OLDEST_GIT = (2, 38)
"""The first whose `merge-tree` merges without a working tree."""
_FILE = "100644"


class UnmergedFile(NamedTuple):
    """The blobs of one file that git could not merge; None where that side has no such file."""

    path: str
    """In the repository."""
    base: str | None
    ours: str | None
    theirs: str | None
    modes: frozenset[str]


class UndecidedFile(NamedTuple):
    """One file that nobody but a person can merge."""

    unmerged: UnmergedFile
    fields: Sequence[ConflictInWords]
    """Empty: the file as a whole, as when one side removed it."""
    words: str
    """The reason, by git or the reader of records."""


class MergedTree(NamedTuple):
    """The tree that two commits merge into, in no commit yet."""

    tree: str
    """Only whole where nothing conflicts."""
    contents: Mapping[str, bytes]
    """The records that both sides changed, by their paths in the repository, merged by field or marked."""
    conflicts: list[UndecidedFile]


def merge_trees(location: Location, ours: str, theirs: str) -> MergedTree:
    """Merge two commits. Raises PipecliError where git can't, as when they have no past in common."""
    tree, unmerged, words = _merge_tree(location, ours, theirs)
    blobs = dict.fromkeys(side for file in unmerged for side in file[1:4] if side)
    contents = {blob.id: blob.content for blob in git.objects(location.work_tree, blobs, safe_files.LARGEST)}
    merged: dict[str, bytes] = {}
    conflicts: list[UndecidedFile] = []
    gone: list[UnmergedFile] = []
    for file in unmerged:
        if _is_moved_and_removed(location, file, contents):
            gone.append(file)
            continue
        if not _is_record(location, file):
            conflicts.append(UndecidedFile(file, (), words.get(file.path, "both sides changed it")))
            continue
        versions = [contents.get(blob) if blob else None for blob in file[1:4]]
        if None in versions[1:]:
            too_large = "both sides changed it, and it is too large for a record"
            conflicts.append(UndecidedFile(file, (), too_large))
            continue
        merged_file = _cached_merge_file(file.path.removeprefix(location.prefix), *versions)
        merged[file.path] = merged_file.content
        if merged_file.conflicts:
            conflicts.append(UndecidedFile(file, merged_file.conflicts, ""))
    if conflicts:  # git leaves all of them to the person
        conflicts += [UndecidedFile(file, (), words.get(file.path, "")) for file in gone]
        return MergedTree(tree, merged, conflicts)
    changed = {**merged, **{file.path: None for file in gone}}
    return MergedTree(_with(location, tree, changed) if changed else tree, merged, [])


_cached_merge_file = lru_cache(4096)(merge_file)
"""When somebody was faster, most of the records are as they were at the try before."""


def _is_moved_and_removed(
    location: Location, file: UnmergedFile, contents: Mapping[str, bytes | None]
) -> bool:
    """True for a record that one side only moved to the folder of its month, and the other removed."""
    path = file.path.removeprefix(location.prefix)
    base, *left = (contents.get(blob) for blob in (file.base, file.ours, file.theirs) if blob)
    is_one = bool(file.base) and len(left) == 1 and record_kind(path) is not None
    return is_one and base is not None and with_schema_path(base, path) == left[0]


def _is_record(location: Location, file: UnmergedFile) -> bool:
    """True where both sides have a record there, and no link or program."""
    is_here = file.path.startswith(location.prefix) and file.ours and file.theirs and file.modes == {_FILE}
    return bool(is_here) and record_kind(file.path.removeprefix(location.prefix)) is not None


def _merge_tree(location: Location, ours: str, theirs: str) -> tuple[str, list[UnmergedFile], dict[str, str]]:
    """git's merge, with the files it could not merge and its words on each."""
    # A driver that always fails: every record that both sides changed comes back here, all in one process.
    # Carried through, as git lays the versions it shows a driver into the working tree.
    failing = ("-c", f"merge.{DRIVER}.driver=false")
    done = carry_through(location.work_tree, *failing, "merge-tree", "--write-tree", "-z", ours, theirs)
    if done.returncode > 1 and git.version(location.work_tree) < OLDEST_GIT:
        raise PipecliError(
            "both sides have new commits, and merging them safely takes git 2.38 or later; this one is older",
            hint="use a newer git, or merge by hand: git pull --no-rebase && git push",
        )
    if done.returncode > 1:
        raise git.GitRefused(f"git can't merge the two sides: {git.words_of(done)}")
    head, *rest = done.stdout.split(b"\0")
    end = rest.index(b"") if b"" in rest else len(rest)
    messages = _messages([words.decode("utf-8", "replace") for words in rest[end + 1 :]])
    return head.decode().strip(), _unmerged_files(rest[:end]), messages


def _unmerged_files(entries: Sequence[bytes]) -> list[UnmergedFile]:
    """From lines as `100644 <blob> 1<tab>path`."""
    stages: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for entry in entries:
        about, _, path = entry.decode("utf-8", "surrogateescape").partition("\t")
        mode, blob, stage = about.split()
        stages[path][stage] = (mode, blob)
    files = []
    for path, by_stage in stages.items():
        base, ours, theirs = (by_stage[stage][1] if stage in by_stage else None for stage in "123")
        files.append(UnmergedFile(path, base, ours, theirs, frozenset(mode for mode, _ in by_stage.values())))
    return files


def _messages(words: Sequence[str]) -> dict[str, str]:
    """The sentence of git on each path in conflict.

    `words` are, again and again: a count of paths, the paths, the kind, the sentence.
    """
    messages: dict[str, str] = {}
    left = iter(words)
    for number in left:
        if not number.isdecimal():
            break
        paths = [next(left) for _ in range(int(number))]
        kind, sentence = next(left), next(left)
        if kind.startswith("CONFLICT"):
            messages.update(dict.fromkeys(paths, sentence.strip().partition(": ")[2]))
    return messages


def _with(location: Location, tree: str, contents: Mapping[str, bytes | None]) -> str:
    """A tree with other contents at some paths; None: with nothing."""
    here = {path: content for path, content in contents.items() if content is not None}
    location.cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=location.cache, prefix=f"{MERGING}{os.getpid()}.") as aside:
        environment = {"GIT_INDEX_FILE": os.path.join(aside, "index")}  # noqa: PTH118
        names = [os.path.join(aside, str(number)) for number in range(len(here))]  # noqa: PTH118
        for name, content in zip(names, here.values(), strict=True):
            with open(name, "xb") as handle:  # noqa: PTH123
                handle.write(content)
        listed = os.fsencode("".join(f"{_quoted(name)}\n" for name in names))
        hashed = ("hash-object", "-w", "--no-filters", "--stdin-paths")
        blobs = git.raw(location.work_tree, *hashed, stdin=listed).decode().split()
        entries = [f"{_FILE} {blob}\t{path}" for path, blob in zip(here, blobs, strict=True)]
        entries += [f"0 {'0' * len(tree)}\t{path}" for path in contents if path not in here]
        for arguments, stdin in (
            (("read-tree", tree), None),
            (("update-index", "-z", "--index-info"), git.listed([*entries, ""])),
        ):
            done = git.run(location.work_tree, *arguments, stdin=stdin, environment=environment)
            if done.returncode:
                raise git.GitRefused(f"git could not put the merge together: {git.words_of(done)}")
        done = git.run(location.work_tree, "write-tree", environment=environment)
        return done.stdout.decode().strip()


def _quoted(path: str) -> str:
    """A path as git reads one of a line, also with a line break in it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def commit_merge(location: Location, tree: str, *, shared: str, ours: str, message: str) -> str:
    """The commit that joins two lines, in no branch yet. Raises GitRefused.

    Its first parent is the shared line, which `--as-of` follows in every clone.
    """
    is_signed = git.config(location.work_tree, "commit.gpgSign").lower() in ("true", "yes", "on", "1")
    sign = ["-S"] if is_signed else []
    done = git.run(location.work_tree, "commit-tree", *sign, "-p", shared, "-p", ours, "-m", message, tree)
    if done.returncode:
        raise refusal(done)
    return done.stdout.decode().strip()


def merge_message(upstream: object, records: Sequence[str]) -> str:
    """The message of a merge: with whom, and the records that it put together field by field."""
    trailers = ["Pipecli-Event: synced", *(f"Pipecli-Record: {record}" for record in records[:_MOST_NAMED])]
    return f"Sync with {upstream}\n\n" + "\n".join(trailers)


_MOST_NAMED = 100


_LINK = "120000"


class PipelineAtTip(PastPipeline):
    """A pipeline that may become the present: its index is that of the present but for what differs.

    `tree` is what the working tree holds: that of a commit, or a tree, by its id.
    """

    def __init__(self, present: Pipeline, commit: str, tree: str) -> None:
        super().__init__(present.location, StandingCommit(commit, present.now, ()), present.now)
        self.present = present
        self.tree = tree

    @cached_property
    def index(self) -> index.Index:
        """The index of the commit's files, in memory."""
        differing = self._differing
        gone = [file for file, mode_and_blob in differing.items() if mode_and_blob is None]

        def build(connection: sqlite3.Connection) -> None:
            self.present.index.connection.backup(connection)
            index.read_again(connection, [file for file in differing if file not in gone], gone, self.text)

        result = index.Index(self.location, index.in_memory(build), None)
        register_sql_functions(result.connection, self)
        return result

    def text(self, file: str) -> str:
        """The text of a file of the commit. Raises FaultyFile, FileNotFoundError."""
        if file not in self._differing:
            return self.present.text(file)
        entry = self._differing[file]
        if entry is None:
            raise FileNotFoundError(file)
        mode, blob = entry
        return text_of_blob(file, self._contents[blob], is_link=mode == _LINK)

    @cached_property
    def _differing(self) -> dict[str, tuple[str, str] | None]:
        """The records that the commit has otherwise: mode and blob, None for one that is gone."""
        prefix = self.location.prefix
        differing = differing_files(self.location.work_tree, self.tree, self.standing.commit)
        return {
            file: None if about.status == "D" else (about.mode, about.blob)
            for path, about in differing.items()
            if path.startswith(prefix) and record_kind(file := path.removeprefix(prefix))
        }

    def take_place(self) -> None:
        """Tell the index of the present the files, once git has moved them here.

        What was read of the commit is not read again where the files say the same.
        """
        clock, files = time.time_ns(), self._differing
        here = [file for file, entry in files.items() if entry]
        stats = {file: stat_to_keep(stat_of(self.root / file), clock) for file in here}
        is_read = "index" in self.__dict__ and SETTINGS_FILE not in files and not self.index.faults()
        if is_read and all(self.present.text(file) == self.text(file) for file in here):
            gone = [file for file in files if file not in stats]
            self.present.take_in(stats, (), gone, map(self._rows, parts(here)))
        else:
            self.present.index.refresh()

    def _rows(self, files: Sequence[str]) -> Rows:
        """The rows that the index has of files, for another index to take."""
        shapes: list[tuple[str, ...]] = []
        rows: dict[str, list[tuple[int, list[SQLValue]]]] = {}
        for table in (*PER_FILE, *{f"_{kind.table}" for kind in map(kind_of, files) if kind}):
            query = f"SELECT * FROM {table} WHERE path IN ({marks(files)})"
            cursor = self.query(query, files)
            rows[table] = [(len(shapes), [*values]) for values in cursor]
            shapes.append((table, *(f'"{name}"' for name, *_ in cursor.description)))
        return shapes, rows

    def has_settings(self) -> bool:
        """True while it is still a pipeline."""
        return self._differing.get(SETTINGS_FILE, ("", "")) is not None

    @cached_property
    def _contents(self) -> Mapping[str, git.Object]:
        blobs = dict.fromkeys(entry[1] for entry in self._differing.values() if entry)
        objects = git.objects(self.location.work_tree, blobs, safe_files.LARGEST)
        return {object_.id: object_ for object_ in objects}


class MergePlan(NamedTuple):
    """One line of both sides, not in place yet."""

    commit: str
    """Empty where it takes a person to make it."""
    base: str | None
    ours: str
    theirs: str | None
    merged: list[str]
    """The ids of the records that both sides changed and that fit together."""
    contents: Mapping[str, bytes]
    """The records that both sides changed, merged, by their paths in the repository."""
    conflicts: list[UndecidedFile]


def plan_merge(location: Location, upstream: Upstream, theirs: str | None) -> MergePlan:
    """Both sides as one commit, or what stands against it. Raises PipecliError."""
    ours = present_commit(location)
    known = git.commit_of(location.work_tree, upstream.tracking)
    push = f"git push {upstream.remote} {quote(f'{upstream.branch}:{upstream.name}')}"
    if theirs is None:
        if known or was_pruned(location, upstream):
            raise PipecliError(
                f"{upstream.remote} has no branch {upstream.name} any more",
                hint=f"to have it there again: {push}; if it is called NAME now: "
                f"git fetch {upstream.remote} && git branch --set-upstream-to={upstream.remote}/NAME",
            )
        return MergePlan(ours, None, ours, None, [], {}, [])
    base = merge_base(location, ours, theirs)
    for tip in _tips_seen(location, upstream, known) if known else ():
        if tip != base:
            merge = "git merge" if base else "git merge --allow-unrelated-histories"
            way_back = push if base == theirs else f"{merge} {theirs[:9]}"
            _require_no_rewrite(location, upstream, tip, ours, theirs, way_back)
    if base == theirs:
        return MergePlan(ours, base, ours, theirs, [], {}, [])
    if base == ours:
        return MergePlan(theirs, base, ours, theirs, [], {}, [])
    if base is None and git.output(location.work_tree, "rev-parse", "--is-shallow-repository") == "true":
        raise PipecliError(
            f"this clone is shallow, and where it parted from {upstream} is not in it",
            hint="bring the whole history: git fetch --unshallow",
        )
    if base is None:
        unrelated = f"{upstream} has another history: the two have no commit in common"
        raise PipecliError(unrelated, hint="look at the address: git remote -v")
    merged_tree = merge_trees(location, ours, theirs)
    in_conflict = {conflict.unmerged.path for conflict in merged_tree.conflicts}
    settings = f"{merged_tree.tree}:{location.prefix}{SETTINGS_FILE}"
    if in_conflict and git.id_of(location.work_tree, settings) is None:
        raise no_settings(location, upstream)  # nothing here could settle the conflict, or abort it
    records = records_of(location, [path for path in merged_tree.contents if path not in in_conflict])
    commit = ""
    if not merged_tree.conflicts:
        message = merge_message(upstream, records)
        commit = commit_merge(location, merged_tree.tree, shared=theirs, ours=ours, message=message)
    return MergePlan(commit, base, ours, theirs, records, merged_tree.contents, merged_tree.conflicts)


def records_of(location: Location, paths: Sequence[str]) -> list[str]:
    """The ids of the records among files of the repository."""
    inside = [path.removeprefix(location.prefix) for path in paths if path.startswith(location.prefix)]
    return [record_id(path) for path in inside if record_kind(path)]


def record_id(path: str) -> str:
    """The id of the record at a path of the pipeline: `OPP-2Q8XA`; `settings`."""
    return "settings" if path == SETTINGS_FILE else key_of_path(path)


def no_settings(location: Location, upstream: Upstream) -> PipecliError:
    """The refusal of what would be no pipeline any more."""
    return PipecliError(
        f"{location.prefix}{SETTINGS_FILE} was removed or moved in {upstream}",
        hint="nothing is changed; see what they did with `git log --stat FETCH_HEAD`, and if it is "
        "right follow them with `git merge FETCH_HEAD`",
    )


def _tips_seen(location: Location, upstream: Upstream, known: str) -> Iterator[str]:
    """Where the shared branch was last, and before each rewriting that a `git fetch` beside us has taken."""
    yield known
    logged = git.run(location.work_tree, "reflog", "show", "--format=%H %gs", upstream.tracking, "--")
    entries = [line.partition(" ") for line in logged.stdout.decode("utf-8", "replace").splitlines()]
    for (_, _, what), (before, _, _) in pairwise(entries):
        if what.endswith("forced-update"):
            yield before


def _require_no_rewrite(
    location: Location, upstream: Upstream, known: str, ours: str, theirs: str, way_back: str
) -> None:
    """Refuse to bring back what somebody took out of the shared branch. Raises PipecliError."""
    last = merge_base(location, known, ours)
    if not last or merge_base(location, last, theirs) == last:
        return
    if merge_base(location, ours, theirs) == theirs != merge_base(location, known, theirs):
        return  # a person has merged the new line with the old one
    lost = commit_count(location, last, theirs)
    raise PipecliError(
        f"{upstream} was rewritten: it no longer has {count(lost, 'commit')} that this clone has, and a sync "
        "would bring back what was taken out",
        hint=f"follow it with `git rebase --onto {theirs[:9]} {last[:9]}`, or bring all back with "
        f"`{way_back}`, and sync again",
    )


def present_commit(location: Location) -> str:
    commit = head(location)
    assert commit  # upstream_of refuses a repository without any
    return commit


def commit_count(location: Location, commit: str, without: str) -> int:
    """The number of commits that lead to the one and not to the other."""
    if commit == without:
        return 0
    return int(git.output(location.work_tree, "rev-list", "--count", commit, f"^{without}", "--"))


def pushed_count(location: Location, upstream: Upstream, commit: str, theirs: str | None) -> int:
    """The number of commits that a push takes along.

    Of a branch that is new there, those that no other branch has.
    """
    if theirs:
        return commit_count(location, commit, theirs)
    known = f"--remotes={upstream.remote}"
    return int(git.output(location.work_tree, "rev-list", "--count", commit, "--not", known, "--"))
