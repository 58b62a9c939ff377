-- Writes rows of a context, in order, and tells its followers.
--
-- KEYS[1]  rows: hash of id -> value
-- KEYS[2]  owners: hash of id -> "<when heard of, in microseconds> <life>"
-- KEYS[3]  last: the revision of the last change
--
-- ARGV[1]  the life that writes, as JSON: [node, epoch]
-- ARGV[2]  the memory of the backbone, as the writer knows it
-- ARGV[3]  the channel of the context
-- ARGV[4]  the command that tells: SPUBLISH or PUBLISH
-- ARGV[5]  for how many milliseconds the revision of an empty context is kept
-- ARGV[6]  1 if former values and other rows are wanted, else 0
-- ARGV[7]  and so on, four for each write: its type, the id, the age in
--          milliseconds, the value ("" where there is none)
--
-- Returns the time in milliseconds, and four for each write: its revision, what
-- it has done (joined, updated, left, same; "" if it was refused), the former
-- value ("" if it is not wanted, or there was none), and of a row that came or
-- went how many others its subject has ("" if that is not wanted).

local rows, owners, lastKey = KEYS[1], KEYS[2], KEYS[3]
local life, memory, channel, publish = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local wantsFormer = ARGV[6] == '1'

local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', lastKey) or '0') or 0
-- A server that has taken over may have a clock that is a little behind. One
-- that is a second behind was set back: what was written before lies in its
-- future, and how long ago that was is not known.
local now = last - micros < 1000000 and math.max(micros, last) or micros

local function text(number)
  return string.format('%.0f', number)
end

-- Whether another life has heard of the publisher later, as far as is known.
local function isOthers(owner, heardAt)
  local theirs, whose = string.match(owner, '^(%S+) (.*)')
  theirs = tonumber(theirs or '0') or 0
  return whose ~= life and theirs > heardAt and theirs < now + 1000000
end

local changes = {}
local function change(id, age, value)
  local previous = last
  last = math.max(last + 1, micros)
  changes[#changes + 1] = { text(last), text(previous), id, age, value }
end

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

local reply = { text(math.floor(micros / 1000)) }
local function answer(effect, former, others)
  reply[#reply + 1] = text(last)
  reply[#reply + 1] = effect
  reply[#reply + 1] = wantsFormer and former or ''
  reply[#reply + 1] = others and text(others) or ''
end

local function put(id, age, value)
  local owner = redis.call('HGET', owners, id)
  local heardAt = now - age * 1000
  if owner and isOthers(owner, heardAt) then
    return answer('', nil)
  end
  local former = redis.call('HGET', rows, id)
  redis.call('HSET', rows, id, value)
  redis.call('HSET', owners, id, text(heardAt) .. ' ' .. life)
  change(id, age, value)
  if not former then
    answer('joined', nil, wantsFormer and othersOf(id, 1))
  elseif former == value then
    answer('same', former)
  else
    answer('updated', former)
  end
end

local function remove(id, isAllowed)
  local owner = redis.call('HGET', owners, id)
  if not owner or not isAllowed(owner) then
    return answer('', nil)
  end
  local former = redis.call('HGET', rows, id)
  redis.call('HDEL', rows, id)
  redis.call('HDEL', owners, id)
  change(id)
  answer('left', former, wantsFormer and othersOf(id, -1))
end

for index = 7, #ARGV, 4 do
  local kind, id, age = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2])
  if kind == 'put' then
    put(id, age, ARGV[index + 3])
  elseif kind == 'retract' then
    remove(id, function(owner)
      return string.match(owner, '^%S+ (.*)') == life
    end)
  else
    remove(id, function(owner)
      return not isOthers(owner, now - age * 1000)
    end)
  end
end

if #changes > 0 then
  if redis.call('EXISTS', rows) == 1 then
    redis.call('SET', lastKey, text(last))
  else
    redis.call('SET', lastKey, text(last), 'PX', ARGV[5])
  end
  redis.call(publish, channel,
    cjson.encode({ 'changes', memory, life, changes }))
end
return reply
