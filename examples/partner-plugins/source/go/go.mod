module partner-codes-go

go 1.24
