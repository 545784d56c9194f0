-- Objects by uniform choice: args are the folder, the number of objects and the seed.
dofile((debug.getinfo(1, "S").source:sub(2):gsub("[^/]+$", "report.lua")))

local requests = {}

function init(args)
  math.randomseed(tonumber(args[3]))
  for i = 1, tonumber(args[2]) do requests[i] = wrk.format("GET", args[1] .. i - 1) end
end

function request()
  return requests[math.random(#requests)]
end
