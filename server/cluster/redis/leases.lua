-- Reads the leases that have not ended, or that of one node.
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
