-- Objects by Zipf's law with exponent 1: args are the number of objects and the seed.
dofile((debug.getinfo(1, "S").source:sub(2):gsub("[^/]+$", "report.lua")))

-- Prime, and no divisor of the number of objects: spreads popularity evenly over the sizes.
local STRIDE = 7919

local objects, cumulative, requests = 0, {}, {}

function init(args)
  objects = tonumber(args[1])
  math.randomseed(tonumber(args[2]))
  local sum = 0
  for rank = 1, objects do
    sum = sum + 1 / rank
    cumulative[rank] = sum
    requests[rank] = wrk.format("GET", "/zipf/" .. (rank * STRIDE) % objects)
  end
end

function request()
  local target = math.random() * cumulative[objects]
  local low, high = 1, objects
  while low < high do
    local middle = math.floor((low + high) / 2)
    if cumulative[middle] < target then low = middle + 1 else high = middle end
  end
  return requests[low]
end
