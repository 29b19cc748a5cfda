module github.com/serin-dev/serin/test/cluster

go 1.26.0
