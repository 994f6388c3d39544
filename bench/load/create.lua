-- POST a transaction on a random account:  create.lua -- <path> <file of accounts> <seed>
-- All requests are built before the first is sent, so that wrk's core spends its time on sending.

dofile("result.lua")

local requests = {}

function init(arguments)
  local path, accounts = arguments[1], lines_of(arguments[2])
  math.randomseed(tonumber(arguments[3]))
  local headers = { ["Content-Type"] = "application/json" }
  for number = 1, math.max(#accounts, 1000) do
    local account = accounts[(number - 1) % #accounts + 1]
    -- Signed amounts, never 0; every fifth takes money out.
    local amount = (number % 1000 + 1) * (number % 5 == 0 and -1 or 1)
    local body = string.format('{"account_id":"%s","amount":%d}', account, amount)
    requests[number] = wrk.format("POST", path, headers, body)
  end
end

function request()
  return requests[math.random(#requests)]
end
