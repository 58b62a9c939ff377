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
 * What scripts about a context share.
 *
 * rows     hash of id -> value
 * owners   hash of id -> "<when the publisher was heard from, in µs> <life>"
 * lastKey  revision of the last change
 */
const CONTEXT = `${CLOCK}
local rows, owners, lastKey = unpack(KEYS)
local last = tonumber(redis.call('GET', lastKey) or '0') or 0
-- A server that has taken over may have a clock that is a little behind. One
-- that is a second behind was set back: what was written before lies in its
-- future, and its age is not known.
local now = last - micros < 1000000 and math.max(micros, last) or micros
`;

/** What scripts that change a context share. */
const CHANGES = `
local function keepLast()
  if redis.call('EXISTS', rows) == 1 then
    redis.call('SET', lastKey, text(last))
  else
    redis.call('SET', lastKey, text(last), 'PX', ${KEEP_EMPTY_MS})
  end
end

local function remove(id)
  local value = redis.call('HGET', rows, id) or ''
  redis.call('HDEL', rows, id)
  redis.call('HDEL', owners, id)
  return value
end

local function subjectOf(id)
  local isKey, key = pcall(cjson.decode, id)
  return isKey and type(key) == 'table' and key[1] or id
end

-- How many other rows the subject of a row has that has just come or gone. It
-- reads all ids once, and so is only called where that is wanted.
local counts
local function othersOf(id, change)
  local subject = subjectOf(id)
  if counts then
    counts[subject] = (counts[subject] or 0) + change
  else
    counts = {}
    for _, row in ipairs(redis.call('HKEYS', rows)) do
      local other = subjectOf(row)
      counts[other] = (counts[other] or 0) + 1
    end
  end
  return text((counts[subject] or 0) - math.max(change, 0))
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
   * Returns the time in microseconds, the revision, the rows and the owners.
   */
  read: script(
    CONTEXT,
    `
return {
  text(now), text(last),
  redis.call('HGETALL', rows), redis.call('HGETALL', owners),
}
`,
  ),

  /**
   * Writes rows of a context, in order, and notifies its followers.
   *
   * Takes the life that writes, the memory as the writer knows it, the channel
   * of the context, SPUBLISH or PUBLISH, and 1 if effects are wanted, else 0;
   * then four for each write: its type, the id, the age in milliseconds, and the
   * value ("" if there is none).
   *
   * Returns the time in milliseconds, and four for each write: its revision; its
   * effect (joined, updated, left, same; "" if it was refused); the former value
   * ("" if there was none, or effects are not wanted); and, of a row that came
   * or went, how many others its subject has ("" if effects are not wanted).
   */
  write: script(
    CONTEXT,
    CHANGES,
    `
local life, memory, channel, publish, wantsEffects = unpack(ARGV, 1, 5)
wantsEffects = wantsEffects == '1'

-- Whether another life has heard from the publisher later, as far as is known.
local function isOthers(owner, heardAt)
  local otherHeardAt, other = string.match(owner, '^(%S+) (.*)')
  otherHeardAt = tonumber(otherHeardAt or '0') or 0
  return other ~= life and otherHeardAt > heardAt and otherHeardAt < now + 1000000
end

local changes = {}
local function change(id, age, value)
  local previous = last
  last = math.max(last + 1, micros)
  changes[#changes + 1] = { text(last), text(previous), id, age, value }
end

local reply = { millis }
local function answer(effect, id, former, joins)
  reply[#reply + 1] = text(last)
  reply[#reply + 1] = effect
  reply[#reply + 1] = wantsEffects and former or ''
  reply[#reply + 1] = wantsEffects and joins and othersOf(id, joins) or ''
end

for index = 6, #ARGV, 4 do
  local kind, id, age, value = unpack(ARGV, index, index + 3)
  local heardAt = now - tonumber(age) * 1000
  local owner = redis.call('HGET', owners, id)
  local isAllowed
  if kind == 'put' then
    isAllowed = not owner or not isOthers(owner, heardAt)
  elseif kind == 'retract' then
    isAllowed = owner and string.match(owner, '^%S+ (.*)') == life
  else
    isAllowed = owner and not isOthers(owner, heardAt)
  end
  if not isAllowed then
    answer('')
  elseif kind == 'put' then
    local former = redis.call('HGET', rows, id)
    redis.call('HSET', rows, id, value)
    redis.call('HSET', owners, id, text(heardAt) .. ' ' .. life)
    change(id, tonumber(age), value)
    if former then
      answer(former == value and 'same' or 'updated', id, former)
    else
      answer('joined', id, '', 1)
    end
  else
    local former = remove(id)
    change(id, tonumber(age))
    answer('left', id, former, -1)
  end
end

if #changes > 0 then
  keepLast()
  redis.call(publish, channel,
    cjson.encode({ 'changes', memory, life, changes }))
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
    local value = remove(id)
    hasRemoved = true
    if wantsEffects == '1' then
      reply[#reply + 1] = id
      reply[#reply + 1] = value
      reply[#reply + 1] = othersOf(id, -1)
    end
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
