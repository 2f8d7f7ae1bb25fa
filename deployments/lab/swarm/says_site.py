"""What the shells of the swarm say of a site's own files.

Of the systems with scripts, one in six has a cron entry whose script is gone, and one in six a script without its
execute bit: from a lot of its own, so that nothing else of the swarm changes with it.
"""
from __future__ import annotations

import random
from hashlib import sha256

from deployments.lab.render import render
from deployments.lab.swarm.one_system import OneSystem
from deployments.lab.swarm.traits import Traits
from tasks.model.answer import Answer

ADMIN = "/opt/pbxware/pw/home/sitemanager/admin"
DIALPLAN = "/opt/pbxware/pw/etc/asterisk/extensions_custom.conf"
GONE = "/script/mail-report.sh"
_LATER_S = 90 * 86_400
TEXTS = {                       # of /script: what each is and which words of it the fact knows
    "/script/firewall.pl": ("#!/usr/bin/perl\nsystem('asterisk -rx \"sip show peers\"');\n", ("chan_sip",)),
    "/script/block-countries.pl": ("#!/usr/bin/perl\nsystem('iptables -A INPUT -j DROP');\n", ()),
    "/script/copy-recordings.sh": ("#!/bin/sh\nmysqldump pbxware cdr | gzip >/backup/cdr.gz\n", ("database",)),
}
PAGE, SHEET = "<?php\necho 1;\n", "body {}"


def odd(traits: Traits) -> str:
    """What is wrong with the scripts of a system: gone, stiff (not executable) or nothing."""
    lot = random.Random(f"scripts of {traits.machine_id}").random()  # noqa: S311  (a lottery, not a secret)
    return "" if not traits.custom_scripts or lot > 1 / 3 else "gone" if lot < 1 / 6 else "stiff"


def dialplan_text(traits: Traits) -> str:
    return render("asterisk/extensions_custom.conf.j2", uses=traits.dialplan_uses)


def custom_files(system: OneSystem) -> Answer:
    """In the order of the fact's question; of a list the order of the names."""
    traits = system.traits
    released_s, changed_s, strange = traits.released_on_s, traits.released_on_s + _LATER_S, odd(traits)
    scripts = {path: TEXTS[path] for path in sorted(traits.custom_scripts)}
    mode = 644 if strange == "stiff" else 755
    own = {path: f"{changed_s} {mode} 0 {len(text)} {path}" for path, (text, _) in scripts.items()}
    read = {path: text for path, (text, _) in scripts.items()}
    listed = [f"script {line}" for line in own.values()]
    for path in sorted((*own, *((GONE,) if strange == "gone" else ()))):
        listed += [f"cron {own[path]}", f"run {path}"] if path in own else [f"gone {path}"]
    for there, kind, path, text in ((traits.stylesheet, "stylesheet", f"{ADMIN}/css/style.css", SHEET),
                                    (traits.plain_php, "plain_php", f"{ADMIN}/wallboard.php", PAGE)):
        if there:
            read[path] = text
            listed.append(f"{kind} {changed_s} 644 0 {len(text)} {path}")
    if traits.dialplan_uses:
        listed.append(f"include {released_s} 644 0 {len(dialplan_text(traits))} {DIALPLAN}")
    lines = [f"release {released_s} /opt/pbxware", *(listed or [""])]
    lines += [f"digest {sha256(read[path].encode()).hexdigest()} {path}" for path in sorted(read)]
    lines += [f"use {word} {path}" for path, (_, words) in scripts.items() for word in words]
    lines += [f"sounds 0 /opt/pbxware/pw/var/lib/asterisk/{folder}" for folder in ("sounds", "moh")]
    absent = ["/opt/pbxware/pw/usr/share/asterisk/agi-bin", "/etc/rc.local", "/etc/local.d", "/etc/systemd/system",
              "/etc/iptables", *(f"/opt/pbxware/pw/var/lib/asterisk/{folder}" for folder in ("sounds", "moh"))]
    missing = [*([] if scripts else ["/script"]), *absent]
    stderr = "".join(f"find: '{path}': No such file or directory\n" for path in missing)
    return Answer(exit_code=0, stdout="\n".join((*lines, "")), stderr=stderr)


SAYS = {"custom_files": custom_files}
