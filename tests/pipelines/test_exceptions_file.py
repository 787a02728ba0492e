"""Lines added to a file that belongs to somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.exceptions_file import add
from transforms.reconcile.actual import ExceptionsFileError, read_exceptions

LINE = {
    "kind": "phase",
    "source": "ruddr",
    "source_key": "w,1",
    "ftrack_id": "t1",
    "name": "=Comp",
    "ftrack_name": "Comp",
}
OLD = [("person", "ruddr", "p1", "u1")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kind,source,source_key,ftrack_id\nperson,ruddr,p1,u1\n", 'phase,ruddr,"w,1",t1\n'),
        ("kind,source,source_key,ftrack_id\nperson,ruddr,p1,u1", '\nphase,ruddr,"w,1",t1\n'),
        ("kind,source,source_key,ftrack_id\r\nperson,ruddr,p1,u1\r\n", 'phase,ruddr,"w,1",t1\r\n'),
        ("\ufeffkind,source,source_key,ftrack_id\nperson,ruddr,p1,u1\n", 'phase,ruddr,"w,1",t1\n'),
        (
            'why,ftrack_id,source_key,source,kind,name\n"a\nb",u1,p1,ruddr,person,Ada\n\n',
            ',t1,"w,1",ruddr,phase,\'=Comp\n',
        ),
    ],
)
def test_what_was_there_stays_byte_for_byte(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "who.csv"
    file.write_bytes(before.encode())
    add(file, [LINE])
    assert file.read_bytes() == (before + after).encode()
    assert read_exceptions(file) == [*OLD, ("work_item", "ruddr", "w,1", "t1")]
    assert [entry.name for entry in tmp_path.iterdir()] == ["who.csv"]


def test_a_new_file_explains_itself(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "who.csv"
    add(file, [LINE, {**LINE, "source_key": "w2", "ftrack_id": ""}])
    assert file.read_text().startswith("kind,source,source_key,ftrack_id,name,ftrack_name\n")
    assert [row[3] for row in read_exceptions(file)] == ["t1", None]


def test_an_open_quotation_mark_swallows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "who.csv"
    file.write_text('kind,source,source_key,ftrack_id,why\nperson,ruddr,p1,u1,"because\n')
    before = file.read_bytes()
    with pytest.raises(ExceptionsFileError, match="quotation mark"):
        add(file, [LINE])
    assert file.read_bytes() == before


def test_a_row_named_twice_is_refused_by_the_file_s_own_name(tmp_path: Path) -> None:
    file = tmp_path / "who.csv"
    add(file, [LINE])
    before = file.read_bytes()
    with pytest.raises(ExceptionsFileError, match=r"/who\.csv: work_item w,1 of ruddr is named twice"):
        add(file, [{**LINE, "ftrack_id": "t2"}])
    assert file.read_bytes() == before


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "who.csv", tmp_path / "link.csv"
    add(file, [LINE])
    file.chmod(0o640)
    link.symlink_to(file.name)
    add(link, [{**LINE, "source_key": "w2"}])
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert len(read_exceptions(file)) == 2
