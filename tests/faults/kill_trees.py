"""Trees for kills.py: one with every kind of entry, changes to it, and whether another is the same."""
import hashlib
import os
import shutil
import stat
import subprocess
import time

from scenarios import entries, put

HOLES = 6 << 20  # as long as a file with holes is at least


def make(top, chosen, large=2 << 20, small=100):
    """`large` bytes is the largest file, `small` the number of small ones."""
    put(f"{top}/empty", b"")
    put(f"{top}/private", b"for nobody else\n", 0o600)
    put(f"{top}/tool", b"#!/bin/sh\n" * 30, 0o755)
    put(f"{top}/fixed", chosen.randbytes(5000), 0o444)
    for number in range(3):
        put(f"{top}/large/{number}", chosen.randbytes(large >> number))
    put(f"{top}/large/text", b"".join(b"line %d\n" % chosen.randrange(10**6) for _ in range(large // 20)))
    for number in range(small):
        put(f"{top}/many/{number % 7}/{number}", chosen.randbytes(chosen.choice([0, 1, 7, 300, 4000])))
    for name in ("- dash", "two words", "new\nline", "\u00fcml\u00e4ut", "back\\slash", "*?[x]", ".hidden", "n" * 255,
                 ".dcdn-new", "tail ", "..dots"):
        put(f"{top}/odd/{name}", name.encode())
    for name in ("empty folder", "empty folders/a/b/c"):
        os.makedirs(f"{top}/{name}")
    for number, holes in enumerate(([], [(0, b"start"), (HOLES // 2, b"middle")], [(HOLES - 9, b"last")])):
        put(f"{top}/holes/{number}", b"")
        dig(f"{top}/holes/{number}", holes, HOLES + number * 4097)
    for name, to in (("link", "large/0"), ("many/up", "../fixed"), ("many/folder", "3"), ("odd/nothing", "not here")):
        os.symlink(to, f"{top}/{name}")
    os.link(f"{top}/large/2", f"{top}/many/large again")
    os.link(f"{top}/many/1/1", f"{top}/odd/one again")
    put(f"{top}/closed/inside/file", b"in a folder that may not be changed\n")
    for name in ("closed/inside", "closed"):
        os.chmod(f"{top}/{name}", 0o555)
    os.chmod(f"{top}/odd", 0o700)


def dig(path, pieces, size):
    with open(path, "r+b") as file:
        for at, content in pieces:
            file.seek(at)
            file.write(content)
        file.truncate(size)


def change(top, chosen):
    """What people do to a tree between two backups. No name becomes another kind of thing."""
    with open(f"{top}/large/{chosen.randrange(3)}", "r+b") as file:
        file.seek(chosen.randrange(1 << 16))
        file.write(chosen.randbytes(chosen.choice([1, 1000, 200_000])))
    with open(f"{top}/large/text", "ab") as file:
        file.write(b"one more line\n" * chosen.randrange(5000))
    for number in chosen.sample(range(20), 5):
        put(f"{top}/many/{number % 7}/{number}", chosen.randbytes(2000))
    put(f"{top}/added/{chosen.randrange(10**6)}", chosen.randbytes(chosen.choice([0, 10, 100_000])))
    dig(f"{top}/holes/1", [(chosen.randrange(HOLES // 2), b"moved")], HOLES + chosen.randrange(10**6))
    os.chmod(f"{top}/tool", chosen.choice([0o755, 0o700, 0o644]))
    os.remove(f"{top}/link")
    os.symlink(f"large/{chosen.randrange(3)}", f"{top}/link")


def make_part(tree, part):
    """Some of a tree, and something of somebody else."""
    os.makedirs(os.path.dirname(part))
    subprocess.run(["cp", "-a", tree, part], check=True)
    for name in ("large/0", "empty", "holes/1", "odd/two words", "many/3/3", "link"):
        os.remove(f"{part}/{name}")
    put(f"{part}/many/3/of somebody else", b"stays\n")


def remove(top):
    if os.path.lexists(top):
        subprocess.run(["chmod", "-R", "u+rwX", top], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(top)


def look_at(path):
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return "link", None, os.readlink(path)
    content = None
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            content = hashlib.blake2b(file.read()).digest()
    return oct(info.st_mode), info.st_mtime_ns, content


def picture(top):
    """Each name below `top` with its mode, time and content, {} if it is not there; None if it changed meanwhile."""
    if not os.path.lexists(top):
        return {}
    try:
        return {name: look_at(path) for name, path in {**entries(top), ".": top}.items()}
    except FileNotFoundError:
        return None


def is_folder(look):
    return look[0].startswith("0o4")


def differences(wanted, there, folders_too=True):
    """What is not as it is wanted."""
    found = [f"{name!a} is missing" for name in sorted(wanted) if name not in there]
    for name, look in sorted(there.items()):
        if name not in wanted:
            found.append(f"{name!a} should not be there")
        elif look != wanted[name] and (folders_too or not is_folder(look) or not is_folder(wanted[name])):
            what = [word for word, one, other in zip(("mode", "time", "content"), look, wanted[name]) if one != other]
            found.append(f"{name!a} has another {' and '.join(what)}")
    return found


def strangers(versions, there):
    """Half laid over, each file is that of one version: what is of none, and what is gone of the first one."""
    found = [f"{name!a} is gone" for name, look in versions[0].items() if not is_folder(look) and name not in there]
    for name, look in there.items():
        known = [version[name] for version in versions if name in version]
        if not known:
            found.append(f"{name!a} should not be there")
        elif look not in known and not is_folder(look):
            found.append(f"{name!a} is none of what it was")
    return found


def settled(look, seconds=5):
    """What look() finds wrong, once that is nothing or the time is over: somebody is still at work there."""
    deadline = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def names(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def bytes_on_disk(top):
    total = 0
    for path in entries(top).values():
        try:
            total += os.lstat(path).st_blocks * 512
        except FileNotFoundError:
            pass  # somebody is at work there
    return total
