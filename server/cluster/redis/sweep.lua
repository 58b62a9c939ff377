-- Removes rows of a life from a context, some of them, and tells nobody.
--
-- KEYS[1]  rows: hash of id -> value
-- KEYS[2]  owners: hash of id -> "<when heard of, in microseconds> <life>"
-- KEYS[3]  last: the revision of the last change
--
-- ARGV[1]  the life, as JSON: [node, epoch]
-- ARGV[2]  the cursor: 0, or the one of the last answer
-- ARGV[3]  how many rows to look at, about
-- ARGV[4]  for how many milliseconds the revision of an empty context is kept
-- ARGV[5]  1 if the rows are wanted, else 0
--
-- Returns the next cursor (0 if that was all), the time in milliseconds, and id
-- and value of each row that was removed, if they are wanted.

local rows, owners, lastKey = KEYS[1], KEYS[2], KEYS[3]
local scan = redis.call('HSCAN', owners, ARGV[2], 'COUNT', ARGV[3])
local time = redis.call('TIME')
local reply = {
  scan[1],
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
for index = 1, #scan[2], 2 do
  local id, owner = scan[2][index], scan[2][index + 1]
  if string.match(owner, '^%S+ (.*)') == ARGV[1] then
    if ARGV[5] == '1' then
      reply[#reply + 1] = id
      reply[#reply + 1] = redis.call('HGET', rows, id) or ''
    end
    redis.call('HDEL', rows, id)
    redis.call('HDEL', owners, id)
  end
end
if redis.call('EXISTS', rows) == 0 and redis.call('PTTL', lastKey) == -1 then
  redis.call('PEXPIRE', lastKey, ARGV[4])
end
return reply
