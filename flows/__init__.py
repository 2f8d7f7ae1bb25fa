"""One file per deployed flow: order, fan-out, retries. No parsing, no judging, no SQL.

``ls flows/`` reads as the journey of a ticket; a flow has the same name in every folder.
"""
