-- Renews a lease, unless the life is over, or is forgotten.
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
