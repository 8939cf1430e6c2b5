/**
 * Small Arrow files of other programs, as base64 of their bytes after zlib's deflate. Polars 1.44 (`write_ipc`): 64
 * rows, `real` is half the row with a null in row 1, `whole` an int16, `yes` every third with a null in row 2, `pair`
 * two int32.
 * Apache Arrow for JavaScript 21 (`tableToIPC(table, "file")`) and PyArrow 25 (`IpcWriteOptions`, streams): three rows.
 */
import { inflateSync } from "node:zlib";

const inflated = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, inflateSync(Buffer.from(text, "base64"))]));

/** Keyed by the program that wrote them. */
export const arrowFiles = inflated({
  "polars uncompressed":
    "eNrt1slOU1Ecx/FfaQsFLnIpZS5zgTK3jGUsJG5cadjolkUTSTAimhh3fQBXrn0Elz6Aj+EzGBfGGEMcUv/n3u+V0khigktPaT/3" +
    "f6Z7ensGDo+O7t4vSglJn2u1WkbuOmafbWpXyj4TurB8z3JS9nKlru57e7+295nCtjmr88C8HdSTYr6CXlzZgZWNmX5U1qQgVcmP" +
    "6p08qzxy+V8tP6zSbPXD+50dn5y7nJdWlq3vqzns64flu5pxu35Reaq3Fuf/cM8vlu9zz5RarUVKSbt+/vDxacX8aOUF042r39WL" +
    "uz7SVs9XV9CTF/TzLRhjs73C8Z1Xjk9dfs21j4Xfx/V1kAzvGz7XuLXuDvrzLPrgysNivWGs7rlnrMyzqFWXKYVRffF9Dpp0JUVx" +
    "lfhd09X2wQOq7y/e0P66uO4+ybpxxBrH1RBfV15tiH/WwqR/mj6VQy/KV4eRwBR66GMaM9iL/TiIWRzBMRzHCZzEHE7hNM5gHmdx" +
    "DudxARdxCZexEFpFFYlRK8SoVWLUGjFqnRi1QYzaJEaViFFbxKhtYtQOMWqXGLVHjNonRpWJnTGbonFbOUlbky3B2nY7mKcO3VJn" +
    "sHrTtvYy6lGv+mxtD2hQQ8pqWCMatfU+rglNKqcpTWtGec1qTvNa0KKWtKyCilrRqta0rg1tqqQtbWtHu9rTvsr6fsP5e+dVLvi7" +
    "6YyPNSzXaPkm6tZuuLOGqaVhf4n2nDZsRw878BZ2oo9dmMZuXe5/LvVgL/ZhPw7gIA5hFodxBEdxDMdxAicxh1M4jTOYx1mcw3lc" +
    "wEVcwmUsYBFXcBXXcB03cBNLuIXbuIO7uIf7GG1s0dz7fe7QZ4Y8z34RPzjtvGCO3GOilDA6p6L0/8z/yzP/ifV6GPwT9Qvc09ZW",
  "polars lz4":
    "eNrtlstPE1EYxc+00zLAIEOnUN6PUt7P8ixQaElc4MJoiIluWdRAgopoNK6cja5cuTa61Y0xxqUL/wHXunFjdKULQ4whqKnn3vlG" +
    "aAOExK23/ObM/e53H71z5pbl1dVzF9OACWCnWCzGoe4NXqtQDYtXE7uM24xY/KhWlfuePCJb8PummHOJelrnAYYDPYpqy7Otk+oE" +
    "bSHo4kk8yNu4Wbii4j8Y91OizPfn21rb2FaRB2xrPThW1B/rF+MqM8z7O4UbeMV6/yFzfmfckTktVLKHhQjvb69f2yxQv7J9nKrW" +
    "1ajywmqMGPMc1OmRbD3Onl5jlB9/fduFtU0VZ7iYN/zvo8bSNyz+vobZ29Xj2ax9Url+M17LnHGp25zd5NVhJPhuldgvfaJB/6Qh" +
    "e2qgpAT1J0F+qLS/V1Z/Eyrtf1Q9dWCeyIF1GGXrQln9qHavrG6JmsmzjRfyz1n1fhf9stx1/7NqCvTwEirpH+a8HZw8lPyWS8Dd" +
    "tZBE3oFrWnAtYhOHxEicNJBG0kxaSTvpJF0kSbpJivSQXtJH+skAGSRDZJiMkFEyZiE2TvUsdCPtIKx0QnRSdEp0WnRGdFY0Izon" +
    "Oi+6IJoVXRRd0voCOX+zvVy+4vGtdXVbt/PsC44tXun+ezrC/aOFTT7wKCr066MOCRs1OIVa/YLEaO846tGABA3chGa0oBVtaOfu" +
    "d6KLu96NFHrQS8P1YwCDGMIwRjCKMYwjjQlMYgrTmMEsMpjDPBaQxSKWkMPbvYR+9wI9thzin5/in+bE3Q+qKdCT9j/zMKX/Xr57" +
    "mlVNgZ7EfxH6z+X+uQZNECJ8MNp8ERIlFWLESlJFqsWUNeQUqRWD1olJXTFqvZg1IYZtEtO2iHHbxLwd/25gVxk4TSbIJJki02SG" +
    "zJIMmSPzZIFkySJZsug92ZbL2/XquMC9lasfj3t+6kEB++eosnDm7zmqzscYDadOb1ufKeflYFkJDhizdLz/v2En/A27zlGX9T8F" +
    "fwCY+Pe+",
  "polars zstd":
    "eNpzDAryDzdkYGBhYGD49P//fxEGEJsRSHIxcDNwAEkWhh9AcR6gCAcQgmRBam8A8RwgLmCA6FUBqokA0i5gdQwMjAIMYFNAcg5A" +
    "OQUgLQCTY2IAgwaoOExdZklqLkj8G1AcooQNqB5iX0FiZhFIpAcoJ4NsFhvErD9AcZBKZiC7MrWYYQuQr4HFzi9AcQGonRwMnEAd" +
    "HAysQHZ5Rn5OKpB+A5Q3ANIgd0mA1DGDzBACqhNgEASbxAM25xfYjWxACHFfUWpiDkgcKPzfgRHiH5BZDVB7IeHKDNQtDDaPB8h7" +
    "AVILkWbYA7VTAGyDBFCWB8gWAdvDCLSFFSjCyYAAklAapn8HTIKRARVA+XFQbgMjqv4DaHwGJjT9OPjJSEKsSO5gRHMXAxofl3wD" +
    "Gp8DSmts1f/LEOHIwPD3PwQwEAmYkPXbsjK4AF35wZ7hB4MDCwePgJCImISUjJyCopKyiqqauoamlraOrp6+QQODYQODUQODcQOD" +
    "SQODaQODWQODeQODRQODZQODVQODdQODTQODbQODXQODfYO9g53Cg+vMxtK63Y0ze6cdPXDG7XRSQtriVEODzRdTQMQmiRk3MyJ5" +
    "zuR47Duz6clpHe99Z1JOTo+cVjMzFZU6yK4X+frFNTb08IC4P5eJgclDiEPgRw6b/GofxurK8tLiwvzc7Mz01OTE+NjoyPDQ4EB/" +
    "X29Pd1dnR3tba0tzU2NDfV1tTXVVZUV5WWlJcVFhQX5ebk52VmbG/cxEBB9G+P8mLfwx9HtOUgEjsuJvKhNDEpL//8fdi70bcyf6" +
    "dtStyJsRN8Kvh10LvRpyJfhy0KXAiwEX/M/7nfM963PG+7TXKc+THifcj7sdcz3qcsT5sNMhx4MOB97bhzAxMDPitR7mVVg+BqVX" +
    "C3g+BuVRIWD+BJUePOA0HQA1zgNKN6Dlm9EylMgytBBoqiO4UgIAEoIvsQ==",
  javascript:
    "eNpzDAryDzdkYPgPBBKMDAwiDBDAwyAGZPMzCDCwANkMDDsY4IBZAEiwMHAxSABlOMAsiL4ZIEmEOqAcAjig0RJQOoIBFUSgyReg" +
    "yRegmbMBTX4DFrtZkNzFCPMEmj5CfFYGaoAf9qh8HgeYe5ig9N//EECpfYxMEB+AzALRAuA4FWHgA8coBzhOBRhg8c3CYICsFyn8" +
    "FKAO3AEPVw6weg5ouLJA5XKA2AbKzwDaCU1HjFCaSQJqbincFjZw2mGD2jUHUw+bCFRPEjweWcDmn8BjfibcnaC0yQ7zB6MD2L8S" +
    "QP3cDMJgX/Mg+R9uDjPMnDQUd7KB3QmKJQ+gpCM4zwAAoMItaw==",
  "pyarrow before 0.15":
    "eNplTzsOwjAMfUnaUFUZOlSIgYGRW8AROAALQyWGSkgsXIyRA/RIbOXZOCIVT/LnOfZz/ATQQdAiIaJGw4xwgRxkDX1lHvC0k+XT" +
    "PM9s9DK/s5qgpj2ut3HQ+URb6byodrqvJ4+sJmXf/S5I3BY6Eu/DZQR7pT9q1at/0XrrS1jbz5MqIgRsGPbIaMmTXiG3ne3mgB+q" +
    "IncW7c+qBbuxROaxqPlCN+sE/KNesPdh+ZqOjkp57gN/gw5P",
  "big endian":
    "eNp9T1sOwjAM87pqVBOCfkxon7sJOwAH4BM+uSGfHIA7FcftHpqATGtSJ3bclFJ6AoiwaJkP2CGwUlQZ90T2aHiGDBMBHP+LusCb" +
    "OjbbZZ7rNQU88l38IOUsMGhnJ+5R24POlUY9adwxhTlo+KF0gFT8Fw63nFibomcNDDMXdZTXFr28eL3ReFdrLnPy9CviJv/D3UYX" +
    "X+7nFzDS5HiboWpNtfdZ/gBxDhfY",
});

/** Streams of one column `x` that is not a number, keyed by its type. */
export const strangeColumns = inflated({
  "extension type 'arrow.bool8'":
    "eNptUEsKwjAUnNaooXZRpEhP4VqKG3fuhG5cR+xCsA3Ugj2Cx/A43ipO0lSL+OD9kjfzJjHGGARAAmsRYswwhWRFCwR7sJOMwkfY" +
    "cWRufsksiZi7uQQpTxwwTBmfDjtw97iOHtL3nuvF/ZmvF3TVNPq+Pml93cBy7IricMzLri3r20XXea2qEo43dooGfoGvZX9wVdmq" +
    "s2rVgJXULL0smynDPJhTzxFj5X8idm/DRDhe+dkSse812L/aeh3hSMe4/rXxXfBnNvAHVpfNb4IHKaU=",
  "extension type 'arrow.fixed_shape_tensor'":
    "eNqNUT1LxEAQnXwYw5EiiIiFxREbiyDnlWk8e0G4RkGOY+FWvCIf5FYMiHA/xdKfYOlPsLT0n8Q3uyMeZ+Mjb2d3Mu/tzm7f933j" +
    "EaXEGFBCEe1QjBnghVgTVjHGUEakwUNbv4cYQ7Fr61LaR8YKU/7/YbWErNN8SuxAH7wRvzec4UTmrFNtWz+e3i07vZiv7lWj50ZX" +
    "q7ol8bqYTq+uC91xdllXRaVKTXavxJ6S9xyJ3zH4lFmXrLgd5+NZnjW6LR+MMtAiN8rPZs92323fUhu1UEYROozhFokn97nZtbs7" +
    "L+B4JDUkcWl06fSR1bsbIELL/av0w0joQG4+sa4UhPZMQ/rBAGvXH7/NJbk38+kXAf0fw425v+VD8m5/sT7HMMEHrsEX8B38mnA/" +
    "XPENh/REmw==",
  "type Utf8View":
    "eNp1j8EOwjAMQ1+3MiZUoR4mtAOHHfgw4As48ln8YXCrbKAKLKWurdRJzcweQKbgQGJgx6ibEKI0UqPO6Kds1VTfTPIG9rUre0aY" +
    "C8/ei/c/q46bp7H28pyCxMknp5pGHzmLFlYcpbNvkaTgqrr47h0fBK8VPf+xNEyT0/3wbo2+f+nyr8JvL/ERdA==",
  "type Duration":
    "eNptTlsKgDAMy3ROGfsYMsTDeCg/PYK3rmmpKGJgfWZpRER2ABWKjIKEARMrIkT2YDcxRo8c8zX70zhLGI1VXSPMmlfnwvkHecpN" +
    "NunBs3K6jqJg8cvF1NBH06i4kdkXc6HeNt91ePCuv6ivOvxww0dD/Wm+AA0ID+o=",
  "type Decimal":
    "eNptTlsKgDAMy3Q+kIF+iCj44UE8mEfw1jWtFWUYWNuUNIuIyAFggKJDQo0KLSciRHKQtazRK9d8o92M3NVoTDW4R2i0r66F6w/z" +
    "SeaiPoXv+b2c7qdImDxBMleUETPbhgcd+e2jGXfPXuDFd86xfebwo+0zvmRc82q/AB0mED4=",
  "type Timestamp":
    "eNptTlsKgDAMy3ROGfvYh4iH8VB+egRvXdNScQwD6zNLIyJyAqhQZBQkTFhYESGyB7uFMXrkmG+1PytnCbOxqmuErHl3Lpx/kafc" +
    "5BOeldt1FAWbXy6mhjGaRsWLzL6YC/V2+G7Ah7buUZs6/HBDp6H+ND8FTA/g",
  "type Date":
    "eNptTkEKgDAMy3TOMnbwIOJjfJRHn+Cva1oqihjY1oQsjarqDmCCoaKhYIBwIlImB5nwznFT5pn9z0ytYHTXFBlJ7F3Di/Af9Jm3" +
    "hMa1ekaOoWGJzc3T0GfPENyo5M1bWLctOnd48J6/kNecfry3Zr2MX565D80=",
  "type Float16":
    "eNptTkkKgEAMy2jVQebgQcTHePBJHn2Cv65pqQtiYNqmZNKoqm4ABhh6FLRokDkRSchBllklKtd8o/8ZuWvRuWoIj1Rbn0OL0O/O" +
    "5d7xrB7hYyiY4nJxN9TiHhkXevLiKSzbEpkrPHjPX8hrTn/aBeuVy/oJl1QQLw==",
  "type RunEndEncoded":
    "eNqNUUsKwjAQfW1iWiSLLErp0oX3sAcRRLC70oWl4hG79Cgu3cWXdIpaUByYzLz5vGEm3nv/AOAQZA0LgxVyepREE4Mo56vlZVjs" +
    "jb1EZUV/I7GU2lK3UneNcR1zDgU5DLLI6mRmotxbfxBDvRzboeknFHpMzKTCgQUHUiczZ45Qcx66Q9Od+glbahbjYWgtdVzBj7SF" +
    "YItSLmDjBCiNeT/IjSpmtNxoL7dTeInGd3EL+yuuFryQ+/6DP/vuO3FqH/8MeALu6R40",
  "type Union":
    "eNqNULsRwjAMffn7cj4uRY5zQUmREiYg41AwAGMwFgNQUDICG5gnRT6CK5STn6SnWM+KMcYXgAFiPTxaNHCMaEWNmnBnj2BBF7wx" +
    "Z7YJjPdWK+ln+mR9V7rjJ6xb9cD4x3JHJXOD8Yk7UoOjt1opqW3UvKM6UbpoLUrBXfbvQed6eqdzpTzz4Lj4JI7W67G1l3q9FVWt" +
    "OiYk65l7VS+7uNiOSnytWcWp7vBrKR8MQ8aHjFcp2Rz8kevjv5Dx75MFc9S9Ax9cWB+i",
  "type ListView":
    "eNp1UDEOwjAMvIS0jVCGDBEqEgMDX2NAgo2BJ/EUHsB/wsU6aFVRS8nF9tlnp9ZanwAymm2R0KND5IvmAn3Qi7yDboaFb9bS2xe+" +
    "D7PcSfiwWLB4RmF9j8E6Zuk53/CoWggv9/MNppt4BtNt5MajZH0Ri/gJO02crDM2AaN6QjuNzATtdNWuHpN1WLe4gnnBy795JvML" +
    "HRvvj4bT8TP88qr9MfAB2kAW/g==",
  "type FixedSizeList":
    "eNqdULsNQjEMvHzIi55SuIgQ5RuAkWgpKOgoGIdxKKiYgE3CxTIiUFBwUmJffHHOaa21BwBBx4yChBUyM8JFcpBl7tF2Hlu88C6Z" +
    "VOaboVYtnrnu1HjG26BdBu3W8sNpfwTfzmSJ3KunSp4wqQsxj87L0AMf97vXwjWp1y5eTMPn29W8dRSsbdKi3RGiziB4YSYvOnX/" +
    "i53VHN6I+B8y5OGrL2x+/HjLmSZYren/Ak845SBj",
  "type Dictionary":
    "eNqlUDEOwjAQc8rRRihDBoQ6dOAhHXgWT2Bk5DE8i/3w5RLRVkgMOHJyOjtXp6qqdwAZhgMSeuwRWRFBIDye9NgZyGPxjnT0GOjO" +
    "7Pjd0Jk2kxMpcNidKxm5rBur9uJMk89FS+RQNOtduFHWR/2eIbHyZImL6KRmcXhin9/eMtIpVZlrv8MHy3qLvKjDF2/YzLC8t1Xe" +
    "0zrvTpgH7Y1/54s/8rW++n/GG5/7Hk8=",
  "type Null":
    "eNpNTkEOgCAM63AiMcZw4ODTfIZHfz87siBN2GhTWszMHgAVjh0HMlYU3ghRcpAVTo1Jmaf1N41axtZdNTJEfF/hRfjfznVorLU7" +
    "chDd59y96PhTY76G7n5vS/ghE09Tvu8P3IMPJQ==",
});
