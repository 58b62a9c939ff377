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
local micros = time[1] * 1000000 + time[2]
-- As when it is written: a clock that is a second behind was set back.
local now = last - micros < 1000000 and math.max(micros, last) or micros
return {
  string.format('%.0f', now),
  string.format('%.0f', last),
  redis.call('HGETALL', KEYS[1]),
  redis.call('HGETALL', KEYS[2]),
}
