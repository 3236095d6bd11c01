"""The files outside of a pipeline that the examples of `--help` name."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "customers.csv": "name,email\nHotel Sol,info@hotelsol.example\n",
    "deals.csv": "Name,Amount\nTwo grinders,1190\n",
    "map.yaml": "columns: {Name: title, Amount: amount}\n",
    "base": "id: nave-14\nname: Nave 14\n",
    "ours": "id: nave-14\nname: Nave 14\nindustry: coworking\n",
    "theirs": "id: nave-14\nname: Nave 14\ncountry: ES\n",
    "mail/one.eml": "From: Raul <raul@astoria.example>\nTo: Ana <ana@contoso.example>\nSubject: Hello\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0100\nMessage-ID: <a@astoria.example>\n\nYes, please.\n",
}


def write(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
