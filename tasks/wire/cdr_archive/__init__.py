"""Old calls moved to an archive table of the same schema, and back: batched, resumable, no row lost or doubled.

**Why a table and not files.** The finding that asks for it says "an archive table, which is kept". A table stays under
the rights and backups that the calls have now: nothing leaves the database, not even over Uplift's connection. The
copy is verified where it lies, by the server that will give it back, over all columns and byte by byte: no type, NULL,
zero date or character set passes through a text format. It needs no database client, no FILE right and no folder on
the system, which are unknown at the vendor's. The price is disk: the archive is not compressed (it has no secondary
index either), and the preview says how much it takes.

**Why no row can be lost or doubled.** The archive and the list of its batches (the manifest, a table beside it) are
InnoDB: a batch's rows and its line in the manifest (range, count, checksum) come in one transaction, after both sides
were counted and checksummed. Then rows are deleted by one kind of statement only: those that stand in the archive with
the same key and the same bytes in every column. So whatever is killed at whatever moment, a row that is gone from the
table of calls is in the archive; a row that is in both is deleted by the next run; one that was changed, or came late,
stays where it is. The row with the highest key stays too, since some servers would give its number out again.
"""
