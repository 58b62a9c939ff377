-- Begins a life, and ends the former one of the node.
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
