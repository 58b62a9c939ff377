// deno-fmt-ignore-file
// Generated from the .lua files: see testing/generate_scripts.ts.

/** A script of Redis. */
export interface RedisScript {
  /** What it is called by. */
  readonly sha1: string;
  /** Its text, in Lua. */
  readonly text: string;
}

type ScriptName =
  | "acquire"
  | "end"
  | "leases"
  | "memory"
  | "read"
  | "renew"
  | "set_aside"
  | "sweep"
  | "write";

/** The scripts by their names. */
export const SCRIPTS: Readonly<Record<ScriptName, RedisScript>> = {
  acquire: {
    sha1: "7a42b12f268b63e533dd9f2e8d0e84513b1373fc",
    text: `-- Begins a life, and ends the former one of the node.
--
-- KEYS[1]  leases: hash of node -> lease
-- KEYS[2]  unpurged: hash of life -> when it was over, in milliseconds
-- KEYS[3]  memory
--
-- ARGV[1]  the name of the memory, if there is none
-- ARGV[2]  the node
-- ARGV[3]  the epoch
-- ARGV[4]  the life, as JSON: [node, epoch]
-- ARGV[5]  the count of the renewal
-- ARGV[6]  the lease, as JSON
-- ARGV[7]  the channel of the news
-- ARGV[8]  the command that tells: SPUBLISH or PUBLISH
-- ARGV[9]  the connection that says so
-- ARGV[10] the life that the connection had before, or ""
--
-- Returns the memory; and 1 if that life is to be purged as others know, else 0.

local leases, unpurged, memory = KEYS[1], KEYS[2], KEYS[3]
local node, epoch, life = ARGV[2], ARGV[3], ARGV[4]
local channel, publish, by = ARGV[7], ARGV[8], ARGV[9]

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

redis.call('SET', memory, ARGV[1], 'NX')
local former = redis.call('HGET', leases, node)
local isJson, before = pcall(cjson.decode, former or '')
-- What is no lease of ours counts for nothing.
if isJson and type(before) == 'table' and before.life and before.epoch ~= epoch then
  redis.call('HSET', unpurged, before.life, now)
  redis.call(publish, channel, cjson.encode({ 'ended', by, before.life }))
end
redis.call('HDEL', unpurged, life)
redis.call('HSET', leases, node, cjson.encode({
  epoch = epoch, life = life, count = ARGV[5], at = now, lease = ARGV[6],
}))
redis.call(publish, channel, cjson.encode({ 'lease', by, ARGV[6] }))
return {
  redis.call('GET', memory),
  redis.call('HEXISTS', unpurged, ARGV[10]) == 1 and '1' or '0',
}
`,
  },
  end: {
    sha1: "67c93823b0104f5f63549bd9c067fdbf36fd8c59",
    text: `-- Ends a life whose lease has not been renewed since a count.
--
-- KEYS[1]  leases: hash of node -> lease
-- KEYS[2]  unpurged: hash of life -> when it was over, in milliseconds
--
-- ARGV[1]  the node
-- ARGV[2]  the epoch
-- ARGV[3]  the count
-- ARGV[4]  the channel of the news
-- ARGV[5]  the command that tells: SPUBLISH or PUBLISH
-- ARGV[6]  the connection that says so
--
-- Returns 1 if it was this call that has ended it, else 0.

local leases, unpurged, node = KEYS[1], KEYS[2], ARGV[1]

local stored = redis.call('HGET', leases, node)
if not stored then
  return '0'
end
local isJson, lease = pcall(cjson.decode, stored)
-- What is no lease of ours counts for nothing.
if not isJson or type(lease) ~= 'table' then
  return '0'
end
stored = lease
if stored.epoch ~= ARGV[2] or stored.count ~= ARGV[3] then
  return '0'
end
local time = redis.call('TIME')
redis.call('HDEL', leases, node)
redis.call('HSET', unpurged, stored.life,
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call(ARGV[5], ARGV[4], cjson.encode({ 'ended', ARGV[6], stored.life }))
return '1'
`,
  },
  leases: {
    sha1: "03ee69f1e7e4b45c9a217bb2c060f761efc44a71",
    text: `-- Reads the leases that have not ended, or that of one node.
--
-- KEYS[1]  leases: hash of node -> lease
--
-- ARGV[1]  the node; left out for all
--
-- Returns the time in milliseconds, and two for each lease: when it was renewed,
-- in milliseconds, and the lease as JSON.

local time = redis.call('TIME')
local reply = {
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
local found
if ARGV[1] then
  found = { redis.call('HGET', KEYS[1], ARGV[1]) or nil }
else
  found = redis.call('HVALS', KEYS[1])
end
for _, stored in ipairs(found) do
  local isJson, lease = pcall(cjson.decode, stored)
  -- What is no lease of ours counts for nothing.
  if isJson and type(lease) == 'table' and tonumber(lease.at) and lease.lease then
    reply[#reply + 1] = lease.at
    reply[#reply + 1] = lease.lease
  end
end
return reply
`,
  },
  memory: {
    sha1: "f935061f395d6f2b5e38ca582171739f5a083640",
    text: `-- Tells the memory, and gives it a name if it has none.
--
-- KEYS[1]  memory
--
-- ARGV[1]  the name of the memory, if there is none
--
-- Returns the memory.

redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
`,
  },
  read: {
    sha1: "c2189eb9a23c6db4290ec36375e2596a83460a4b",
    text: `-- Reads a context.
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
`,
  },
  renew: {
    sha1: "81acc7db6534d777c3c29f818f3c5e0fefd98e1f",
    text: `-- Renews a lease, unless the life is over, or is forgotten.
--
-- KEYS[1]  leases: hash of node -> lease
-- KEYS[2]  unpurged: hash of life -> when it was over, in milliseconds
-- KEYS[3]  memory
--
-- ARGV[1]  the name of the memory, if there is none
-- ARGV[2]  the node
-- ARGV[3]  the epoch
-- ARGV[4]  the life, as JSON: [node, epoch]
-- ARGV[5]  the count of the renewal
-- ARGV[6]  the lease, as JSON
-- ARGV[7]  the channel of the news
-- ARGV[8]  the command that tells: SPUBLISH or PUBLISH
-- ARGV[9]  the connection that says so
--
-- Returns 1 if it is kept, else 0; the memory; and the lives that are over but
-- not purged, as JSON: [node, epoch].

local leases, unpurged, memory = KEYS[1], KEYS[2], KEYS[3]
local node, epoch = ARGV[2], ARGV[3]

redis.call('SET', memory, ARGV[1], 'NX')
local stored = redis.call('HGET', leases, node)
local isJson, kept = pcall(cjson.decode, stored or '')
-- What is no lease of ours counts for nothing.
local isKept = isJson and type(kept) == 'table' and kept.epoch == epoch
if isKept then
  local time = redis.call('TIME')
  redis.call('HSET', leases, node, cjson.encode({
    epoch = epoch, life = ARGV[4], count = ARGV[5], lease = ARGV[6],
    at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
  }))
  redis.call(ARGV[8], ARGV[7], cjson.encode({ 'lease', ARGV[9], ARGV[6] }))
end
return {
  isKept and '1' or '0',
  redis.call('GET', memory),
  redis.call('HKEYS', unpurged),
}
`,
  },
  set_aside: {
    sha1: "8740fdfd9aa288f99874589cd80ca68a50045f66",
    text: `-- Gives other names to keys of ours that have values of another type, and
-- deletes the other keys if there is one.
--
-- KEYS[1]  and so on, the keys
--
-- ARGV[1]  and so on, their types
--
-- Returns a sentence for each key that had another type.

local sentences = {}
for index, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= ARGV[index] then
    local aside, count = key .. ':foreign', 1
    -- What was set aside before is somebody's, too.
    while redis.call('EXISTS', aside) == 1 do
      count = count + 1
      aside = key .. ':foreign:' .. count
    end
    redis.call('RENAME', key, aside)
    sentences[#sentences + 1] = 'the key ' .. key .. ' was a ' .. found ..
      ', and not a ' .. ARGV[index] .. '; its name is ' .. aside .. ' now'
  end
end
if #sentences > 0 then
  redis.call('DEL', unpack(KEYS))
end
return sentences
`,
  },
  sweep: {
    sha1: "f84988c5f12c1c8f05d70abc7d6c8aacd77d8e51",
    text: `-- Removes rows of a life from a context, some of them, and tells nobody.
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
`,
  },
  write: {
    sha1: "05540dc6b6d72d88387302f1e4099f67d4659106",
    text: `-- Writes rows of a context, in order, and tells its followers.
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
`,
  },
};
