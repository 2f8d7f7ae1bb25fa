"""What the files of a client's system say, for the questions that are asked of a real shell."""
from __future__ import annotations

import os
from pathlib import Path

OWN, FOREIGN = "1fb7f5c06d7a2052e38d021b3d8ca151", "e5e9d9107486bd8e5ed76565a4c669f0"
INSTALLED, LATER = 1_700_000_000, 1_720_000_000
# A folder that would end a carelessly quoted command, and run what follows.
ODD = "it's $(touch pwned) `touch pwned` \"so\"; touch pwned"
ASTERISK = """\
#!/bin/sh
case "$2" in
"core show version") echo "Asterisk 16.28.0 built by nobody @ x on a x86_64 running Linux on 2024-01-04 17:58:50 UTC" ;;
"module show like chan_") echo "chan_sip.so  SIP  0  Running  extended"; echo "1 modules loaded" ;;
"sip show peers") for i in 1 2 3; do echo "10$i (Unspecified) D"; done; echo "3 sip peers [Monitored: 0 online]" ;;
*) echo "No such command '$2'" ;;
esac
"""
LOG = """\
[2026-11-22 10:00:00] Asterisk 16.28.0 built by nobody @ x on a x86_64 running Linux on 2024-01-04 17:58:50 UTC
[2026-11-22 10:00:01] ERROR[45] chan_sip.c: an error of an earlier life
[2026-11-23 16:47:52.495] Asterisk 16.28.0 built by nobody @ x on a x86_64 running Linux on 2024-01-04 17:58:50 UTC
[2026-11-23 16:47:52.500] NOTICE[45] loader.c: 68 modules will be loaded.
[2026-11-23 16:47:52.600] ERROR[45] manager.c: Invalid ACL '192.168.1.0/255.255.255.x'
[Nov 23 16:47:53] WARNING[78][C-0000001a] loader.c: Error loading module 'codec_g729.so': wrong build
[Nov 23 16:48:53] WARNING[79][C-0000002b] loader.c: Error loading module 'codec_g729.so': wrong build
[2026-11-23 16:49:52.600] ERROR[99] manager.c: Invalid ACL '192.168.1.0/255.255.255.x'
[2026-11-23 16:49:53] NOTICE[99] chan_sip.c: Registration from 'x' failed: Wrong password
"""
DIALPLAN = """\
; Macro(commented)
exten => 1,1,Macro(greeting,${EXTEN}) ; Monitor(commented)
 same => n,MixMonitor(a.wav)
 same => n,Dial(PJSIP/101&SIP/102,20)
 same => n,monitor (wav)
 same => n,Set(x=a\\;b)
 same => n,GosubIf($[1]?SIPAddHeader(X: y))
 same => n,MYSQL(Connect c localhost root hush db)
"""
CRON = "# /script/commented.sh\n*/5 * * * * root /script/firewall.pl --password=hush >/dev/null 2>&1\n" \
       "0 3 * * * root cd / && run-parts /etc/cron.daily; mysqldump -phush x | /root/push.sh\n"


def write(path: Path, text: str | bytes, at_s: int = INSTALLED) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at_s, at_s))
