"""What the checks share: finding the files of the tree and complaining about them."""
import os
import sys

SKIPPED = {".git", ".cache", "corpus", "vectors", "__pycache__"}


def root_of(argv):
    """The tree to look at: the first argument, else the one this script stands in."""
    return argv[1] if len(argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def files(root, folders, suffixes):
    """Paths below root, relative to it, sorted; build folders left out."""
    found = []
    for folder in folders:
        for where, names, leaves in os.walk(os.path.join(root, folder)):
            names[:] = [n for n in names if n not in SKIPPED and not n.startswith("build")]
            for leaf in leaves:
                if not suffixes or leaf.endswith(suffixes):
                    found.append(os.path.relpath(os.path.join(where, leaf), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments_and_strings(text):
    """C++ with comments and literals blanked, every line kept in its place."""
    out = []
    at = 0
    while at < len(text):
        two = text[at:at + 2]
        if two == "//":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif two == "/*":
            end = text.find("*/", at + 2)
            end = len(text) if end < 0 else end + 2
        elif text.startswith('R"(', at):
            end = text.find(')"', at)
            end = len(text) if end < 0 else end + 2
        elif text[at] == '"' or (text[at] == "'" and not (at and text[at - 1].isalnum())):
            end = at + 1
            while end < len(text) and text[end] not in (text[at], "\n"):
                end += 2 if text[end] == "\\" else 1
            end += 1
        else:
            out.append(text[at])
            at += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in text[at:end]))
        at = end
    return "".join(out)


def finish(check, complaints, seen):
    """Prints the complaints; fails when there are any, or when nothing was looked at."""
    if not seen:
        complaints = complaints + ["found nothing to look at"]
    for complaint in complaints:
        print(f"{check}: {complaint}", file=sys.stderr)
    sys.exit(1 if complaints else 0)
