"""``uplift keys``: the keys that seal personal data on this machine's disk."""
from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json, print_table, progress_console
from reports.text import one_line
from tasks.wire.data_keys import data_keys, key_folder
from tasks.wire.data_keys import rotate as new_key
from tasks.wire.home import find_home
from tasks.wire.stored import reseal_all, sealed_by

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The keys that seal personal data on this disk.")
Sweeps = Annotated[list[Path] | None, typer.Option(help="A folder of sweeps, or one sweep's folder, outside of "
                                                   "UPLIFT_HOME; may be given more than once.")]


@app.command("list")
def list_keys(sweeps: Sweeps = None, as_json: AsJson = False) -> None:
    """The keys by their ids, and how many files each one seals. No key is shown."""
    home = find_home()
    keys = data_keys(home)
    with _working("looking at every file", as_json):
        files = sealed_by(home, tuple(sweeps or ()))
    plain = files.pop(None, 0)
    missing = {key: count for key, count in files.items() if key not in {each.id for each in keys}}
    rows = [(each.id, f"{each.made_at:%Y-%m-%d %H:%M} UTC", "seals and opens" if each is keys[-1] else "opens",
             files.get(each.id, 0), str(each.path)) for each in keys]
    rows += [(str(key), "", "missing", count, "") for key, count in sorted(missing.items(), key=str)]
    columns = ("key", "made", "use", "files", "path")
    if as_json:
        print_json({"keys": [dict(zip(columns, row, strict=True)) for row in rows], "plain_files": plain})
    else:
        print_table(columns, rows)
        if plain:
            print(f"{plain} files of a version before are not sealed; `uplift keys reseal` seals them")
        if missing:
            print(one_line(f"files whose key is missing cannot be read: put it back into {key_folder(home)}"))


@app.command()
def rotate(as_json: AsJson = False) -> None:
    """Make a new key, which seals from now on. What the others sealed stays readable as long as they are there."""
    key = new_key(find_home())
    if as_json:
        print_json({"key": key.id, "path": str(key.path)})
    else:
        print(one_line(f"{key.id} seals from now on; copy {key.path} to where you keep your backups of the keys"))


@app.command()
def reseal(sweeps: Sweeps = None, as_json: AsJson = False) -> None:
    """Seal with the newest key what is plain or sealed with an older one; again as often as you like."""
    with _working("sealing", as_json):
        done = reseal_all(find_home(), tuple(sweeps or ()))
    if as_json:
        print_json({"resealed": done.files, "troubles": list(done.troubles)})
    else:
        print(f"{done.files} files were sealed anew" if done.files else "every file was sealed with the newest key")
        for trouble in done.troubles:
            print(one_line(f"left as it is: {trouble}"))
    if done.troubles:
        raise typer.Exit(ExitCode.FAILED)


def _working(what: str, as_json: bool) -> AbstractContextManager[object]:
    return nullcontext() if as_json else progress_console().status(what)
