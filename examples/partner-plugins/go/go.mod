module minimum-items-go

go 1.24
