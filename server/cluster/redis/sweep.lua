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
-- Returns the next cursor (0 if that was all), the time in milliseconds, and of
-- each row that was removed, if they are wanted, the id, the value, and how many
-- others its subject has.

local rows, owners, lastKey = KEYS[1], KEYS[2], KEYS[3]
-- Of how many rows somebody is the subject, but for one that has just come or
-- gone. All ids are read once; so it is only asked for where it is wanted.
local counts
local function othersOf(id, change)
  local function subjectOf(row)
    local isKey, key = pcall(cjson.decode, row)
    return isKey and type(key) == 'table' and key[1] or row
  end
  local subject = subjectOf(id)
  if counts then
    counts[subject] = (counts[subject] or 0) + change
  else
    counts = {}
    for _, row in ipairs(redis.call('HKEYS', rows)) do
      local whose = subjectOf(row)
      counts[whose] = (counts[whose] or 0) + 1
    end
  end
  return (counts[subject] or 0) - math.max(change, 0)
end

local scan = redis.call('HSCAN', owners, ARGV[2], 'COUNT', ARGV[3])
local time = redis.call('TIME')
local reply = {
  scan[1],
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
for index = 1, #scan[2], 2 do
  local id, owner = scan[2][index], scan[2][index + 1]
  if string.match(owner, '^%S+ (.*)') == ARGV[1] then
    local value = redis.call('HGET', rows, id) or ''
    redis.call('HDEL', rows, id)
    redis.call('HDEL', owners, id)
    if ARGV[5] == '1' then
      reply[#reply + 1] = id
      reply[#reply + 1] = value
      reply[#reply + 1] = tostring(othersOf(id, -1))
    end
  end
end
if redis.call('EXISTS', rows) == 0 and redis.call('PTTL', lastKey) == -1 then
  redis.call('PEXPIRE', lastKey, ARGV[4])
end
return reply
