-- Reads a context.
--
-- KEYS[1]  rows: hash of id -> value
-- KEYS[2]  owners: hash of id -> "<when heard of, in microseconds> <life>"
-- KEYS[3]  last: the revision of the last change
--
-- Returns the time in microseconds, the revision, the rows and the owners, both
-- as lists of ids and what belongs to them, in turn.

local time = redis.call('TIME')
local last = tonumber(redis.call('GET', KEYS[3]) or '0') or 0
-- A server that has taken over may have a clock that is behind.
local now = math.max(time[1] * 1000000 + time[2], last)
return {
  string.format('%.0f', now),
  string.format('%.0f', last),
  redis.call('HGETALL', KEYS[1]),
  redis.call('HGETALL', KEYS[2]),
}
