"""From the outbox to WhatsApp.

A lane is a scheduled action. It serves one channel after the other, a slice of time
each, and a channel is served by one lane at a time: whoever holds its advisory lock.
For a channel, the lane

1. claims due rows, as many as may leave at this moment and as there are free threads,
   asks the gate, renders, marks them `sending` with a fresh correlation id, commits;
2. posts them from a pool of threads that never touch a cursor;
3. writes what came back, in the transaction of the next claim.

If the process dies in between, the rows stay `sending`. After the lease they become
`unknown`; a status that carries the correlation id settles them. One that nobody
settles is sent once more, when a status of a message claimed later has come and no
webhook waits: then WhatsApp's statuses flow, and this row's would have come.
"""

from . import lanes
from .channel_run import ChannelRun
