-- Ends a life whose lease has not been renewed since a count.
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
