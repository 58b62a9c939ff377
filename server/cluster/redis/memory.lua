-- Tells the memory, and gives it a name if it has none.
--
-- KEYS[1]  memory
--
-- ARGV[1]  the name of the memory, if there is none
--
-- Returns the memory.

redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
