-- Numbered objects in turn: args are the folder, their number and the place to begin at.
dofile((debug.getinfo(1, "S").source:sub(2):gsub("[^/]+$", "report.lua")))

local requests, turn = {}, 0

function init(args)
  for i = 1, tonumber(args[2]) do requests[i] = wrk.format("GET", args[1] .. i - 1) end
  turn = tonumber(args[3]) % #requests
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
