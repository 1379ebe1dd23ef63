module joist/bench/peers/go

go 1.19
