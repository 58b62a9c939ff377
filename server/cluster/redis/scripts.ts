import { createHash } from "node:crypto";

/** A script in Lua, which Redis runs as one step. */
export interface RedisScript {
  /** The hash by which Redis knows it. */
  readonly sha1: string;
  /** Its text. */
  readonly text: string;
}

/** How long the last revision of an empty context is kept, in milliseconds. */
const KEEP_EMPTY_MS = 600_000;

/** How many rows one text of a reading has. */
const PIECE = 1_000;

/** Makes a script of parts. A part sees the local names of those before it. */
function script(...parts: readonly string[]): RedisScript {
  const text = parts.join("");
  return { sha1: createHash("sha1").update(text).digest("hex"), text };
}

/** The present, in milliseconds as text and in microseconds. */
const CLOCK = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local function text(number)
  return string.format('%.0f', number)
end
local millis = text(math.floor(micros / 1000))
`;

/**
 * What scripts about leases share.
 *
 * leases    hash of node -> lease as JSON, with the epoch, the life, the count,
 *           the time of the renewal in milliseconds, and the lease as it was said
 * unpurged  hash of life -> when it was over, in milliseconds
 * memory    name of the memory
 * news      channel of the news
 * publish   SPUBLISH or PUBLISH
 * by        connection that publishes
 */
const LEASES = `${CLOCK}
local leases, unpurged, memory = unpack(KEYS)
local news, publish, by = unpack(ARGV)

-- The lease of a node. A value that is no lease of ours does not count.
local function leaseOf(node)
  local stored = redis.call('HGET', leases, node) or ''
  local isJson, lease = pcall(cjson.decode, stored)
  return isJson and type(lease) == 'table' and lease or {}
end

local function notify(kind, what)
  redis.call(publish, news, cjson.encode({ kind, by, what }))
end

local function over(life)
  redis.call('HSET', unpurged, life, millis)
  notify('ended', life)
end
`;

/**
 * What scripts about contexts share. Each context has three keys:
 *
 * rows     hash of id -> value
 * owners   hash of id -> "<when the publisher was heard from, in µs> <life>"
 * lastKey  revision of the last change
 */
const CONTEXT = `${CLOCK}
local rows, owners, lastKey, last, now

-- Turns to the context whose keys begin at an index.
local function turnTo(index)
  rows, owners, lastKey = unpack(KEYS, index, index + 2)
  last = tonumber(redis.call('GET', lastKey) or '0') or 0
  -- A server that has taken over may have a clock that is a little behind. One
  -- that is a second behind was set back: what was written before lies in its
  -- future, and its age is not known.
  now = last - micros < 1000000 and math.max(micros, last) or micros
end
turnTo(1)
`;

/** What scripts that change contexts share. */
const CHANGES = `
local function keepLast()
  if redis.call('EXISTS', rows) == 1 then
    redis.call('SET', lastKey, text(last))
  else
    redis.call('SET', lastKey, text(last), 'PX', ${KEEP_EMPTY_MS})
  end
end

local function subjectOf(id)
  local isKey, key = pcall(cjson.decode, id)
  return isKey and type(key) == 'table' and key[1] or id
end

-- How many other rows the subject of a row has that comes or goes. The first
-- call reads all ids before anything is changed, and so there is none unless
-- that is wanted.
local counts
local function othersOf(id, change)
  if not counts then
    counts = {}
    for _, row in ipairs(redis.call('HKEYS', rows)) do
      local other = subjectOf(row)
      counts[other] = (counts[other] or 0) + 1
    end
  end
  local subject = subjectOf(id)
  counts[subject] = (counts[subject] or 0) + change
  return text(counts[subject] - math.max(change, 0))
end
`;

/** The scripts by their names. */
export const SCRIPTS = {
  /**
   * Renews a lease, or begins a life and ends the former one of the node.
   *
   * Returns 1 if the lease is kept, else 0; the memory; and the lives that are
   * over but not purged.
   */
  renew: script(
    LEASES,
    `
local node, epoch, life, count, lease, begins = unpack(ARGV, 4)

redis.call('SET', memory, by .. ' ' .. text(micros), 'NX')
local former = leaseOf(node)
local isKept = former.epoch == epoch
if begins == '1' then
  if not isKept and former.life then
    over(former.life)
  end
  redis.call('HDEL', unpurged, life)
  isKept = true
end
if isKept then
  redis.call('HSET', leases, node, cjson.encode({
    epoch = epoch, life = life, count = count, at = millis, lease = lease,
  }))
  notify('lease', lease)
end
return {
  isKept and '1' or '0',
  redis.call('GET', memory),
  redis.call('HKEYS', unpurged),
}
`,
  ),

  /**
   * Ends a life whose lease has not been renewed since a count.
   *
   * Returns 1 if this call has ended it, else 0.
   */
  end: script(
    LEASES,
    `
local node, epoch, count = unpack(ARGV, 4)

local lease = leaseOf(node)
if lease.epoch ~= epoch or lease.count ~= count then
  return '0'
end
redis.call('HDEL', leases, node)
over(lease.life)
return '1'
`,
  ),

  /** Returns the memory. If it has no name, gives it that of the argument. */
  memory: script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
`),

  /**
   * Reads a context.
   *
   * Returns the time in microseconds, the revision, and the rows as JSON, some
   * in each text: the id, the owner and the value of each.
   * A row without an owner is left out; the node that has it writes it again.
   */
  read: script(
    CONTEXT,
    `
-- Fails if it is of another type, also where there are no owners.
redis.call('HGET', rows, '')
local found = redis.call('HGETALL', owners)
local reply = { text(now), text(last) }
for first = 1, #found, ${2 * PIECE} do
  local ids, some = {}, {}
  for index = first, math.min(first + ${2 * PIECE} - 1, #found), 2 do
    ids[#ids + 1] = found[index]
  end
  for n, value in ipairs(redis.call('HMGET', rows, unpack(ids))) do
    some[n] = { ids[n], found[first + n * 2 - 1], value or '' }
  end
  reply[#reply + 1] = cjson.encode(some)
end
return reply
`,
  ),

  /**
   * Writes rows of contexts, those of each one in order, and notifies the
   * followers of each.
   *
   * Takes the life that writes, the memory as the writer knows it, SPUBLISH or
   * PUBLISH, and 1 if effects are wanted, else 0; then for each context its
   * channel, the number of its writes, and four for each write: its type, the
   * id, the age in milliseconds, and the value ("" if there is none).
   *
   * Returns the time in milliseconds, and for each write its revision and its
   * effect: joined, updated, left, same, or "" if it was refused. If effects are
   * wanted, two more follow: the former value ("" if there was none), and, of a
   * row that comes or goes, how many others its subject has. If they are not,
   * the effect of each put is "updated".
   *
   * The message to the followers has the memory, the life, the revision before
   * the first change and that of the first one, which the others count on from;
   * then three for each change: the id, the age, and the value. A removal has
   * a minus before its age, and a retraction has nothing but that.
   */
  write: script(
    CONTEXT,
    CHANGES,
    `
local life, memory, publish, wantsEffects = unpack(ARGV, 1, 4)
wantsEffects = wantsEffects == '1'

-- Whether another life has heard from the publisher later, as far as is known.
local function isOthers(owner, heardAt)
  local otherHeardAt, other = string.match(owner, '^(%S+) (.*)')
  otherHeardAt = tonumber(otherHeardAt or '0') or 0
  return other ~= life and otherHeardAt > heardAt and otherHeardAt < now + 1000000
end

local function isOwn(owner)
  return string.match(owner, '^%S+ (.*)') == life
end

-- The values of fields by their names, false for those that there are not.
local function read(hash, ids)
  local values = {}
  for index, value in ipairs(redis.call('HMGET', hash, unpack(ids))) do
    values[ids[index]] = value
  end
  return values
end

-- Writes the fields of a hash that are named: false removes one.
local function save(hash, fields)
  local put, gone = {}, {}
  for id, value in pairs(fields) do
    if value then
      put[#put + 1] = id
      put[#put + 1] = value
    else
      gone[#gone + 1] = id
    end
  end
  if #put > 0 then
    redis.call('HSET', hash, unpack(put))
  end
  if #gone > 0 then
    redis.call('HDEL', hash, unpack(gone))
  end
end

local reply = { millis }

local function writeAll(channel, first, count)
  local ids = {}
  for index = first, first + count * 4 - 1, 4 do
    ids[#ids + 1] = ARGV[index + 1]
  end
  local lastText = text(last)
  local ownerOf = read(owners, ids)
  local valueOf = wantsEffects and read(rows, ids) or {}
  local newOwners, newRows = {}, {}
  local change = { 'changes', memory, life, lastText }
  counts = nil

  for index = first, first + count * 4 - 1, 4 do
    local kind, id, age, value = unpack(ARGV, index, index + 3)
    local heardAt = now - tonumber(age) * 1000
    local owner = ownerOf[id]
    local isAllowed
    if kind == 'put' then
      isAllowed = not owner or not isOthers(owner, heardAt)
    elseif kind == 'retract' then
      isAllowed = owner and isOwn(owner)
    else
      isAllowed = owner and not isOthers(owner, heardAt)
    end
    local effect = ''
    local former, others = valueOf[id] or '', ''
    if isAllowed then
      last = math.max(last + 1, micros)
      lastText = text(last)
      change[5] = change[5] or lastText
      local isPut = kind == 'put'
      effect = not isPut and 'left'
        or not wantsEffects and 'updated'
        or not valueOf[id] and 'joined'
        or former == value and 'same'
        or 'updated'
      if wantsEffects and effect == 'joined' then
        others = othersOf(id, 1)
      elseif wantsEffects and effect == 'left' then
        others = othersOf(id, -1)
      end
      ownerOf[id] = isPut and text(heardAt) .. ' ' .. life
      valueOf[id] = isPut and value
      newOwners[id], newRows[id] = ownerOf[id], valueOf[id]
      change[#change + 1] = id
      change[#change + 1] = isPut and age or kind == 'retract' and '-' or '-' .. age
      change[#change + 1] = isPut and value or ''
    end
    reply[#reply + 1] = lastText
    reply[#reply + 1] = effect
    if wantsEffects then
      reply[#reply + 1] = former
      reply[#reply + 1] = others
    end
  end

  if #change > 4 then
    save(owners, newOwners)
    save(rows, newRows)
    keepLast()
    redis.call(publish, channel, cjson.encode(change))
  end
end

local argument = 5
for key = 1, #KEYS, 3 do
  if key > 1 then
    turnTo(key)
  end
  local channel, count = ARGV[argument], tonumber(ARGV[argument + 1])
  writeAll(channel, argument + 2, count)
  argument = argument + 2 + count * 4
end
return reply
`,
  ),

  /**
   * Removes rows of a life from a context, some of them, and notifies nobody.
   *
   * Takes the life, the cursor (0, or that of the last answer), about how many
   * rows to look at, and 1 if effects are wanted, else 0.
   *
   * Returns the next cursor (0 at the end), the time in milliseconds, and, if
   * effects are wanted, three for each row that was removed: the id, the value,
   * and how many others its subject has.
   */
  sweep: script(
    CONTEXT,
    CHANGES,
    `
local life, cursor, count, wantsEffects = unpack(ARGV)

local scan = redis.call('HSCAN', owners, cursor, 'COUNT', count)
local reply = { scan[1], millis }
local hasRemoved = false
for index = 1, #scan[2], 2 do
  local id, owner = scan[2][index], scan[2][index + 1]
  if string.match(owner, '^%S+ (.*)') == life then
    if wantsEffects == '1' then
      reply[#reply + 1] = id
      reply[#reply + 1] = redis.call('HGET', rows, id) or ''
      reply[#reply + 1] = othersOf(id, -1)
    end
    redis.call('HDEL', rows, id)
    redis.call('HDEL', owners, id)
    hasRemoved = true
  end
end
if hasRemoved then
  keepLast()
end
return reply
`,
  ),

  /**
   * Renames keys of ours that have values of another type, and deletes the
   * other keys if there is one. Takes the types that the keys should have.
   *
   * Returns a sentence for each key that had another type.
   */
  setAside: script(`
local sentences = {}
for index, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= ARGV[index] then
    local aside, count = key .. ':foreign', 1
    -- Keeps what was set aside before: it belongs to somebody, too.
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
`),
} satisfies Readonly<Record<string, RedisScript>>;
